"""The user's settings: ``mailcutover/settings.toml`` in the XDG configuration folder. `docs/settings.md` shows all."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.batch.problem import nearest, shown, wrong_type
from core.errors import UserError
from core.printable import printable
from tui.keymap import Keymap, textual_name
from tui.keys import KEYS, OWN

FILE = "settings.toml"

#: Names of looks; `tui.theme` makes them.
THEMES = ("auto", "dark", "light", "terminal", "none")
_SLOWEST, _FASTEST = 0.25, 10.0  # updates a second
_IDS = tuple(key.id for key in KEYS if key.group in OWN)


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be set. `ascii` None: as the locale says; `rate` None: four times a second, over SSH twice."""

    theme: str = "auto"
    ascii: bool | None = None
    mouse: bool = True
    rate: float | None = None  # updates of the screen a second
    keymap: Keymap = field(default_factory=Keymap)


def where() -> Path:
    """The file; it need not be there."""
    from platformdirs import user_config_path

    return user_config_path("mailcutover", appauthor=False) / FILE


def load(path: Path) -> Settings:
    """The settings in a file, or those that hold without one. Raises UserError with every problem in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UserError(f"{path}: cannot be read ({reason}); mend it or move it away") from error
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(printable(f"{path}: is not TOML: {error}")) from error
    problems: list[str] = []
    settings = _settings(found, lambda key, said: problems.append(printable(f"{path}: {key}: {said}")))
    if problems:
        raise UserError(*problems)
    return settings


_Tell = Callable[[str, str], object]


def _settings(found: Mapping[str, Any], tell: _Tell) -> Settings:
    known = ("theme", "ascii", "mouse", "rate", "keymap")
    for key in found:
        if key not in known:
            tell(key, _unknown(key, known))
    theme = found.get("theme", "auto")
    if theme not in THEMES:
        tell("theme", f"{shown(theme)} is no theme; allowed: {', '.join(THEMES)}")
    for name in ("ascii", "mouse"):
        if not isinstance(value := found.get(name, True), bool):
            tell(name, f"{wrong_type('true or false', value)}")
    rate = found.get("rate")
    right = isinstance(rate, int | float) and not isinstance(rate, bool)
    if rate is not None and not (right and _SLOWEST <= rate <= _FASTEST):
        tell("rate", f"{shown(rate)} is no rate; allowed: updates a second, from {_SLOWEST:g} to {_FASTEST:g}")
    keymap = _keymap(found.get("keymap", {}), tell)
    return Settings(theme, found.get("ascii"), found.get("mouse", True), rate, keymap)


def _keymap(found: object, tell: _Tell) -> Keymap:
    if not isinstance(found, dict):
        tell("keymap", wrong_type("a table", found))
        return Keymap()
    own: dict[str, str] = {}
    for id_, value in _flat(found):
        key = f"keymap.{id_}"
        if id_ not in _IDS:
            tell(key, _unknown(id_, _IDS))
            continue
        written = value if isinstance(value, list) else [value]
        if not written or not all(isinstance(name, str) for name in written):
            tell(key, "must be a key or an array of keys, each a string")
            continue
        try:
            own[id_] = ",".join(textual_name(name) for name in written)
        except ValueError as error:
            tell(key, str(error))
    keymap = Keymap(own)
    for name, one, other in keymap.clashes():
        tell("keymap", f'"{name}" would call both {one} and {other}; give one of them another key')
    return keymap


def _flat(table: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """``run.start = "x"`` and ``"run.start" = "x"`` mean the same."""
    found: list[tuple[str, Any]] = []
    for name, value in table.items():
        path = f"{above}{name}"
        found += _flat(value, f"{path}.") if isinstance(value, dict) else [(path, value)]
    return found


def _unknown(key: str, known: tuple[str, ...]) -> str:
    near = nearest(key, known)
    return f'is unknown; did you mean "{near}"?' if near else f"is unknown; there are {', '.join(known)}"
