"""The keys in force: those of the table, with the user's own in their place."""

import unicodedata
from collections.abc import Mapping

from textual.keys import _character_to_key

from core.printable import printable
from tui import keys
from tui.keys import KEYS, REACHES, Group, Key

#: Keys that are told from others on every terminal, besides letters, digits, signs and Ctrl with a letter.
_NAMED = frozenset(
    {
        *("space", "enter", "tab", "shift+tab", "escape", "backspace", "delete", "insert"),
        *("up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
        *(f"f{number}" for number in range(1, 13)),
    }
)
#: What a terminal without extended protocols sends for Tab and Enter.
_TAKEN = frozenset({"ctrl+i", "ctrl+m"})
ALLOWED = 'a character, "ctrl+" and a letter but i and m, "f1" to "f12", or one of ' + ", ".join(
    sorted(name for name in _NAMED if name[1:2].isalpha())
)


class Keymap:
    """What each action is called by. `own` has Textual's names, comma-separated, by the ids of actions."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self.own: Mapping[str, str] = dict(own or {})

    def names(self, id_: str) -> list[str]:
        """The keys of an action as they are written on keyboards."""
        return keys.written(self._keys(keys.key(id_)))

    def first(self, id_: str) -> str:
        """The key to name where there is room for one."""
        return self.names(id_)[0]

    def find(self, pressed: str, *groups: Group) -> Key | None:
        """The action of these groups that a key, by Textual's name, calls."""
        return next((key for key in KEYS if key.group in groups and pressed in self._keys(key).split(",")), None)

    def clashes(self) -> list[tuple[str, str, str]]:
        """Keys that call two actions at the same place, as (key as it is written, id, the other's id)."""
        found = []
        for reach in REACHES:
            taken: dict[str, str] = {}
            for key in KEYS:
                if key.group not in reach:
                    continue
                for name in self._keys(key).split(","):
                    other = taken.setdefault(name, key.id)
                    clash = (keys.written(name)[0], other, key.id)
                    if other != key.id and clash not in found:
                        found.append(clash)
        return found

    def _keys(self, key: Key) -> str:
        return self.own.get(key.id, key.keys)


def textual_name(text: str) -> str:
    """Textual's name of a key as people write it: ``ctrl+s``, ``F5``, ``?``. Raises ValueError for what is none."""
    if len(text) == 1 and text.isprintable() and not unicodedata.category(text).startswith("M"):
        return "space" if text == " " else str(_character_to_key(text))
    name = text.lower()
    if name in _NAMED:
        return name
    if len(name) == 6 and name.startswith("ctrl+") and name[5].isascii() and name[5].isalpha() and name not in _TAKEN:
        return name
    raise ValueError(f'"{printable(text, 40)}" is no key that every terminal sends; allowed: {ALLOWED}')
