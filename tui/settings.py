"""The user's settings: ``mailcutover/settings.toml`` in the XDG configuration folder. `docs/settings.md` shows all."""

import codecs
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
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
_LARGEST = 1 << 20  # bytes
_NAMED = 60  # characters of a key that is unknown
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
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(printable(f"{path}: is not a file; move it away"))
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        raise UserError(printable(f"{path}: cannot be read ({error.strerror}); mend it or move it away")) from error
    found = _tables(data, path)
    problems: list[str] = []
    settings = _settings(
        found, lambda key, said: problems.append(printable(f"{path}: {printable(key, _NAMED)}: {said}"))
    )
    if problems:
        raise UserError(*problems)
    return settings


def _tables(data: bytes, path: Path) -> dict[str, Any]:
    try:
        if len(data) > _LARGEST:
            raise UserError(printable(f"{path}: is larger than 1 MB; that cannot be settings, move it away"))
        # A mark at the start is left by editors of other systems.
        return tomllib.loads(data.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        raise UserError(printable(f"{path}: is not UTF-8; save it as UTF-8")) from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(printable(f"{path}: is not TOML: {error}")) from error
    except RecursionError:
        raise UserError(printable(f"{path}: arrays or tables are nested too deep for settings")) from None
    except ValueError:  # of thousands of digits
        raise UserError(printable(f"{path}: holds a number beyond 64 bits")) from None


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
        if id_ in own:
            tell(key, "is there twice; write it once")
            continue
        written = value if isinstance(value, list) else [value]
        if not written or not all(isinstance(name, str) for name in written):
            tell(key, "must be a key or an array of keys, each a string")
            continue
        try:
            own[id_] = ",".join(dict.fromkeys(textual_name(name) for name in written))
        except ValueError as error:
            tell(key, str(error))
    keymap = Keymap(own)
    for name, one, other in keymap.clashes():
        tell("keymap", f'"{name}" would call both {one} and {other}; give one of them another key')
    return keymap


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """``run.start = "x"`` and ``"run.start" = "x"`` mean the same; an id has no more parts."""
    for name, value in table.items():
        if isinstance(value, dict) and value and "." not in name:
            yield from ((f"{name}.{rest}", inner) for rest, inner in value.items())
        else:
            yield name, value


def _unknown(key: str, known: tuple[str, ...]) -> str:
    near = nearest(key, known)
    return f'is unknown; did you mean "{near}"?' if near else f"is unknown; there are {', '.join(known)}"
