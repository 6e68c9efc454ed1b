"""Every key of the console, once: the widgets' bindings, the hints and the help screen are made from this table.

No key needs Alt, Ctrl+Shift or a terminal's extended protocol, and none is tmux's or screen's prefix.
"""

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType


class Group(StrEnum):
    """Where a key works; the help screen's headings."""

    EVERYWHERE = "Everywhere"
    STEER = "Batches and mailboxes"
    LIST = "Moving about"
    LOG = "Log"
    HELP = "Help"
    CHOICE = "Questions"


@dataclass(frozen=True, slots=True)
class Key:
    """One action: its lasting `id`, the `keys` that call it (comma-separated, Textual's names), and what it does."""

    id: str
    keys: str
    action: str
    words: str
    group: Group
    hint: str = ""  # one or two words for the line at the bottom; empty: not shown there


KEYS = (
    Key("app.help", "question_mark,f1", "app.help", "This help", Group.EVERYWHERE, "Help"),
    Key(
        "app.quit", "q,ctrl+q,ctrl+c", "app.leave", "Quit; asks first while batches run here", Group.EVERYWHERE, "Quit"
    ),
    Key("app.redraw", "ctrl+l", "app.redraw", "Draw the screen anew", Group.EVERYWHERE),
    Key("pane.batches", "1", "pane('batches')", "Go to the batches", Group.EVERYWHERE),
    Key("pane.mailboxes", "2", "pane('mailboxes')", "Go to the mailboxes", Group.EVERYWHERE),
    Key("pane.detail", "3", "pane('detail')", "Go to the mailbox in detail", Group.EVERYWHERE),
    Key("pane.log", "4", "pane('log')", "Go to the log", Group.EVERYWHERE, "Log"),
    Key("pane.next", "tab", "app.focus_next", "Next pane", Group.EVERYWHERE),
    Key("pane.previous", "shift+tab", "app.focus_previous", "Previous pane", Group.EVERYWHERE),
    Key("pane.back", "backspace,escape", "back", "Back to where this pane was opened from", Group.EVERYWHERE),
    Key("pane.zoom", "z", "zoom", "This pane alone on the screen, and back", Group.EVERYWHERE),
    Key("run.start", "s", "start", "Start the batch, or one mailbox of it", Group.STEER, "Start"),
    Key("run.pause", "p", "pause", "Pause: the process stays and waits", Group.STEER, "Pause"),
    Key("run.resume", "r", "resume", "Resume what was paused", Group.STEER, "Resume"),
    Key("run.stop", "x", "stop", "Stop at the next message", Group.STEER, "Stop"),
    Key("list.down", "j,down", "down", "One down", Group.LIST),
    Key("list.up", "k,up", "up", "One up", Group.LIST),
    Key("list.page_down", "ctrl+d,pagedown", "page_down", "A page down", Group.LIST),
    Key("list.page_up", "ctrl+u,pageup", "page_up", "A page up", Group.LIST),
    Key("list.top", "g,home", "top", "To the top", Group.LIST),
    Key("list.bottom", "G,end", "bottom", "To the bottom; in the log, follow again", Group.LIST),
    Key("list.open", "enter", "open", "Open what the cursor is on", Group.LIST, "Open"),
    Key("log.follow", "f", "follow", "Follow the newest line, or stand still", Group.LOG, "Follow"),
    Key("log.level", "L", "level", "Show less: from warnings, from errors, all", Group.LOG, "Level"),
    Key("log.only", "o", "only", "Only the chosen mailbox, or all", Group.LOG, "Only"),
    Key("log.left", "h,left", "left", "Scroll left", Group.LOG),
    Key("log.right", "l,right", "right", "Scroll right", Group.LOG),
    Key("help.close", "escape,q,question_mark,enter", "close", "Close this help", Group.HELP),
    Key("secret.cancel", "escape,ctrl+c", "cancel", "Type nothing, start nothing", Group.CHOICE),
    Key("stopping.cut", "x", "cut", "While it waits to quit: cut what is in flight", Group.CHOICE),
    Key("choice.next", "j,down,l,right,tab", "next", "Next answer", Group.CHOICE),
    Key("choice.previous", "k,up,h,left,shift+tab", "previous", "Previous answer", Group.CHOICE),
    Key("choice.take", "enter", "take", "Take this answer; its own letter does too", Group.CHOICE),
    Key("choice.cancel", "escape,q,ctrl+c", "cancel", "Answer nothing", Group.CHOICE),
)

_BY_ID = {key.id: key for key in KEYS}

_NAMES = {
    "question_mark": "?",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "enter": "Enter",
    "escape": "Esc",
    "backspace": "Backspace",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "f1": "F1",
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
    """The keys of an action as they are written on keyboards."""
    return [
        _NAMES.get(name, name.replace("ctrl+", "Ctrl+") if name.startswith("ctrl+") else name)
        for name in key.keys.split(",")
    ]
