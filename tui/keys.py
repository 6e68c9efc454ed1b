"""Every action of the console, once: bindings, hints, help, palette, keymap and the README are made from this table.

To add an action:

1. A line in `KEYS`: an id that lasts (users' keymaps name it), its keys, Textual's name of the action, what it does in
   words, its group; a `hint` when the line at the bottom shows it, a `name` such as "batch: start" when the palette
   offers it. The group says where it works and which other keys it must not clash with (`REACHES`).
2. A method `action_NAME` in the screen or widget that has it, and the id in `keys.bindings(...)` of its `BINDINGS`.
   That is the dashboard, for the group `LOG` the log, for `LIST` and `MOVE` a list (see `catalog.owner`). The method
   is the dashboard's where the action begins with ``screen.``, the app's where it begins with ``app.``.
3. When it is of no use now and then: a reason in `tui.target.reasons`. The key is dimmed then, says why when it is
   pressed, and the palette shows why.
4. `python -m tests.keys_doc` writes the README's table anew. The tests see to the rest: no clash, a method for every
   action, every key in the help.

No key needs Alt, Ctrl+Shift or a terminal's extended protocol, and none is tmux's or screen's prefix.
"""

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType
from textual.keys import key_to_character


class Group(StrEnum):
    """Where a key works; the help screen's headings."""

    EVERYWHERE = "Everywhere"
    STEER = "Batches and mailboxes"
    LIST = "Lists"
    MOVE = "Moving about"
    LOG = "Log"
    FORM = "The form for a batch"
    PALETTE = "Every action by its name"
    PROMPT = "Typing"
    RECALL = "What was typed before"
    HELP = "Help"
    CHOICE = "Questions"


#: Groups whose keys work at the same time, and so must not clash.
REACHES = (
    (Group.EVERYWHERE, Group.STEER, Group.MOVE, Group.LIST),
    (Group.EVERYWHERE, Group.STEER, Group.MOVE, Group.LOG),
    (Group.FORM, Group.MOVE),
    (Group.HELP, Group.MOVE),
    (Group.PALETTE, Group.PROMPT),
    (Group.RECALL, Group.PROMPT),
)
#: Groups whose keys a user may change; those of questions stand beside them on the screen.
OWN = (Group.EVERYWHERE, Group.STEER, Group.LIST, Group.MOVE, Group.LOG, Group.FORM)


@dataclass(frozen=True, slots=True)
class Key:
    """One action: its lasting `id`, the `keys` that call it (comma-separated, Textual's names), and what it does."""

    id: str
    keys: str
    action: str
    words: str
    group: Group
    hint: str = ""  # one or two words for the line at the bottom; empty: not shown there
    name: str = ""  # "area: action" for the palette; empty: not offered there


_G = Group
KEYS = (
    Key("app.help", "question_mark,f1", "app.help", "This help", _G.EVERYWHERE, "Help", "app: help"),
    Key("app.palette", "colon,ctrl+p", "app.palette", "Every action by its name", _G.EVERYWHERE),
    Key(
        "app.quit",
        "q,ctrl+q,ctrl+c",
        "app.leave",
        "Quit; asks first while batches run here",
        _G.EVERYWHERE,
        "Quit",
        "app: quit",
    ),
    Key("app.redraw", "ctrl+l", "app.redraw", "Draw the screen anew", _G.EVERYWHERE, name="app: redraw"),
    Key("pane.batches", "1", "pane('batches')", "Go to the batches", _G.EVERYWHERE, name="go: batches"),
    Key("pane.mailboxes", "2", "pane('mailboxes')", "Go to the mailboxes", _G.EVERYWHERE, name="go: mailboxes"),
    Key("pane.detail", "3", "pane('detail')", "Go to the mailbox in detail", _G.EVERYWHERE, name="go: detail"),
    Key("pane.log", "4", "pane('log')", "Go to the log", _G.EVERYWHERE, "Log", "go: log"),
    Key("pane.next", "tab", "app.focus_next", "Next pane", _G.EVERYWHERE),
    Key("pane.previous", "shift+tab", "app.focus_previous", "Previous pane", _G.EVERYWHERE),
    Key(
        "pane.back",
        "backspace,escape",
        "back",
        "Back; first off with filter, marks, zoom",
        _G.EVERYWHERE,
    ),
    Key("pane.zoom", "z", "zoom", "This pane alone on the screen, and back", _G.EVERYWHERE, name="view: zoom"),
    Key("pane.taller", "plus", "taller", "A taller log", _G.EVERYWHERE, name="view: taller log"),
    Key("pane.shorter", "minus", "shorter", "A shorter log", _G.EVERYWHERE, name="view: shorter log"),
    Key(
        "run.start",
        "s",
        "steer('run.start')",
        "Start the batch, or some mailboxes of it",
        _G.STEER,
        "Start",
        "batch: start",
    ),
    Key(
        "run.pause", "p", "steer('run.pause')", "Pause: the process stays and waits", _G.STEER, "Pause", "batch: pause"
    ),
    Key("run.resume", "r", "steer('run.resume')", "Resume what was paused", _G.STEER, "Resume", "batch: resume"),
    Key("run.stop", "x", "steer('run.stop')", "Stop at the next message", _G.STEER, "Stop", "batch: stop"),
    Key("run.again", "u", "steer('run.again')", "Another pass now", _G.STEER, name="batch: another pass"),
    Key(
        "run.retry",
        "R",
        "steer('run.retry')",
        "Try again what the destination refused",
        _G.STEER,
        name="batch: retry what was refused",
    ),
    Key("run.first", "F", "steer('run.first')", "Before the other mailboxes, or not", _G.STEER, name="mailbox: first"),
    Key(
        "run.limits",
        "b",
        "steer('run.limits')",
        "Limits: mailboxes at once, connections, bandwidth, hours",
        _G.STEER,
        name="batch: limits",
    ),
    Key("batch.new", "a", "steer('batch.new')", "Add a batch: a form for a new file", _G.STEER, name="batch: new"),
    Key("batch.edit", "e", "steer('batch.edit')", "Edit the batch's file in a form", _G.STEER, name="batch: edit"),
    Key(
        "run.left_out",
        "v",
        "steer('run.left_out')",
        "View what was refused, left out or gone, and why",
        _G.STEER,
        name="mailbox: what was not copied",
    ),
    Key(
        "list.filter",
        "slash",
        "screen.filter",
        "Show only what holds these words; a word after ! leaves out",
        _G.LIST,
        "Filter",
        "list: filter",
    ),
    Key("list.sort_next", "greater_than_sign", "sort_next", "Order by the next column", _G.LIST, name="list: sort"),
    Key("list.sort_previous", "less_than_sign", "sort_previous", "Order by the column before", _G.LIST),
    Key("list.sort_reverse", "S", "sort_reverse", "The other way round", _G.LIST, name="list: reverse order"),
    Key("list.problem", "n", "problem", "To the next problem", _G.LIST, "Problem", "list: next problem"),
    Key("list.problem_back", "N", "problem_back", "To the problem before", _G.LIST, name="list: problem before"),
    Key("list.mark", "space", "mark", "Mark a mailbox: keys act on all that are marked", _G.LIST, name="list: mark"),
    Key("list.mark_all", "asterisk", "mark_all", "Mark all that are shown, or none", _G.LIST, name="list: mark all"),
    Key("list.open", "enter", "screen.open", "Open what the cursor is on", _G.LIST, "Open"),
    Key("list.down", "j,down", "down", "One down", _G.MOVE),
    Key("list.up", "k,up", "up", "One up", _G.MOVE),
    Key("list.page_down", "ctrl+d,pagedown", "page_down", "A page down", _G.MOVE),
    Key("list.page_up", "ctrl+u,pageup", "page_up", "A page up", _G.MOVE),
    Key("list.top", "g,home", "top", "To the top", _G.MOVE),
    Key("list.bottom", "G,end", "bottom", "To the bottom; in the log, follow again", _G.MOVE),
    Key("log.follow", "f", "follow", "Follow the newest line, or stand still", _G.LOG, "Follow", "log: follow"),
    Key("log.level", "L", "screen.level", "Show less: from warnings, from errors, all", _G.LOG, "Level", "log: level"),
    Key("log.only", "o", "screen.only", "Only the chosen mailbox, or all", _G.LOG, "Only", "log: only this mailbox"),
    Key(
        "log.search",
        "slash",
        "screen.search",
        "Look for something, with the lines around it",
        _G.LOG,
        "Search",
        "log: search",
    ),
    Key("log.next", "n", "next", "To the next line that holds it", _G.LOG, name="log: next match"),
    Key("log.previous", "N", "previous", "To the one before, also in older events", _G.LOG, name="log: match before"),
    Key("log.wrap", "w", "wrap", "Break long lines, or not", _G.LOG, "Wrap", "log: wrap"),
    Key("log.time", "t", "time", "The time of day, how long ago, or none", _G.LOG, "Time", "log: time"),
    Key("log.mark", "m", "mark", "Mark the match, or the last line that is seen", _G.LOG, name="log: mark"),
    Key("log.copy", "y", "screen.copy", "Copy what is marked, or what is seen", _G.LOG, "Copy", "log: copy"),
    Key("log.export", "ctrl+s", "screen.export", "Write the whole log to a file", _G.LOG, "Export", "log: export"),
    Key("log.left", "h,left", "left", "Scroll left", _G.LOG),
    Key("log.right", "l,right", "right", "Scroll right", _G.LOG),
    Key("form.take", "enter,space", "take", "Type a value, take the next word, open rows", _G.FORM, "Change"),
    Key("form.leave_out", "delete,d", "leave_out", "Leave the key out, take the row out", _G.FORM, "Leave out"),
    Key("form.problem", "n", "problem", "To the next problem", _G.FORM, "Problem"),
    Key("form.problem_back", "N", "problem_back", "To the problem before", _G.FORM),
    Key("form.add", "a", "add", "Add a row; rows from the clipboard are pasted", _G.FORM, "Add"),
    Key("form.import", "i", "import_list", "Import mailboxes from a CSV file", _G.FORM, "Import"),
    Key("form.left", "h,left", "left", "A column back", _G.FORM),
    Key("form.right", "l,right", "right", "A column on", _G.FORM),
    Key("form.try", "t", "try_out", "Try to sign in, or see where folders would go", _G.FORM, "Try"),
    Key("form.save", "ctrl+s", "save", "Save the file", _G.FORM, "Save"),
    Key("form.help", "question_mark,f1", "help", "This help", _G.FORM, "Help"),
    Key("form.close", "escape,q", "close", "Back; asks when something is not saved", _G.FORM, "Back"),
    Key("palette.next", "down,ctrl+n,tab", "next", "Next action", _G.PALETTE),
    Key("palette.previous", "up,shift+tab", "previous", "Previous action", _G.PALETTE),
    Key("prompt.take", "enter", "take", "Take what was typed", _G.PROMPT),
    Key("prompt.cancel", "escape,ctrl+c", "cancel", "Leave it as it was before", _G.PROMPT),
    Key("prompt.rub_out", "backspace,ctrl+h", "rub_out", "Rub out a character; from an empty line, leave", _G.PROMPT),
    Key("prompt.rub_word", "ctrl+w", "rub_word", "Rub out a word", _G.PROMPT),
    Key("prompt.rub_all", "ctrl+u", "rub_all", "Rub out everything", _G.PROMPT),
    Key("prompt.delete", "delete", "delete", "Delete the character under the cursor", _G.PROMPT),
    Key("prompt.older", "up", "older", "What was typed before", _G.RECALL),
    Key("prompt.newer", "down", "newer", "What was typed after that", _G.RECALL),
    Key("prompt.left", "left", "left", "One character back", _G.PROMPT),
    Key("prompt.right", "right", "right", "One character on", _G.PROMPT),
    Key("prompt.home", "home", "home", "To the beginning", _G.PROMPT),
    Key("prompt.end", "end,ctrl+e", "end", "To the end", _G.PROMPT),
    Key("help.close", "escape,q,question_mark,enter", "close", "Close this help", _G.HELP),
    Key("stopping.cut", "x", "cut", "While it waits to quit: cut what is in flight", _G.CHOICE),
    Key("choice.next", "j,down,l,right,tab", "next", "Next answer", _G.CHOICE),
    Key("choice.previous", "k,up,h,left,shift+tab", "previous", "Previous answer", _G.CHOICE),
    Key("choice.take", "enter", "take", "Take this answer; its own letter does too", _G.CHOICE),
    Key("choice.cancel", "escape,q,ctrl+c", "cancel", "Answer nothing", _G.CHOICE),
)

_BY_ID = {key.id: key for key in KEYS}

_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "asterisk": "*",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "delete": "Del",
    "enter": "Enter",
    "escape": "Esc",
    "backspace": "Backspace",
    "space": "Space",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
}


def bindings(*ids: str, at_once: bool = False) -> list[BindingType]:
    """Textual bindings for these actions. An id that ends in a dot stands for all that begin so.

    Textual puts a key into the queue of the widget that has the focus when the key arrives. With `at_once` the action
    is called before the next key is looked at, so that keys typed ahead are meant for what the keys before them opened.
    """
    chosen = [key for key in KEYS if any(key.id == id_ or (id_[-1] == "." and key.id.startswith(id_)) for id_ in ids)]
    return [Binding(key.keys, key.action, key.words, show=False, id=key.id, priority=at_once) for key in chosen]


def key(id_: str) -> Key:
    """The key of that id."""
    return _BY_ID[id_]


def names(key: Key) -> list[str]:
    """The keys of an action as they are written on keyboards, where the user has none of his own."""
    return written(key.keys)


def written(keys: str) -> list[str]:
    """Comma-separated keys of Textual's names, as they are written on keyboards."""
    return [_written(name) for name in keys.split(",")]


def _written(name: str) -> str:
    if name.startswith("ctrl+"):
        return "Ctrl+" + name.removeprefix("ctrl+")
    if name[0] == "f" and name[1:].isdigit():
        return name.upper()
    return _NAMES.get(name) or (name if len(name) == 1 else key_to_character(name) or name)
