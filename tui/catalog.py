"""Every action by its name, and where its method is."""

from collections.abc import Mapping

from textual.dom import DOMNode

from tui.keymap import Keymap
from tui.keys import KEYS, Group, Key
from tui.panes import Panes
from tui.screens.palette import Entry


def entries(keymap: Keymap, reasons: Mapping[str, str]) -> list[Entry]:
    """What the palette offers: every action that has a name. `reasons` says why some would do nothing now."""
    return [
        Entry(key.id, key.name, key.words, " ".join(keymap.names(key.id)[:2]), reasons.get(key.id, ""))
        for key in KEYS
        if key.name
    ]


def owner(key: Key, panes: Panes, screen: DOMNode) -> DOMNode:
    """The log for its group, the list at hand for the groups of lists, else the screen."""
    if key.group in {Group.LIST, Group.MOVE}:
        return panes.table
    return panes.log if key.group is Group.LOG else screen
