"""What the console remembers of how it was looked at, in the state folder. A convenience: nothing depends on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

from core.batch.on_disk import replace

FILE = "console.json"
_LARGEST = 1 << 20  # bytes; a larger file is not ours
_LONGEST = 1000  # characters; nothing longer is typed
_MOST = 20  # texts that can be recalled, of each kind


@dataclass(frozen=True, slots=True)
class Look:
    """How a list is looked at."""

    filter: str = ""
    order: str = ""  # a column's key; empty: as they come
    falling: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that is remembered."""

    batch: str = ""
    pane: str = "batches"
    zoomed: bool = False
    log_height: int | None = None
    level: int = 0  # of the log, as `core.event.Level` counts; 0: as usual
    only: bool = False
    times: str = "clock"
    wrap: bool = False
    looks: Mapping[str, Look] = field(default_factory=dict)  # by list
    past: Mapping[str, Sequence[str]] = field(default_factory=dict)  # what was typed, by what it was for


def load(folder: Path) -> Session:
    """What was remembered there; what cannot be read is as if it had never been."""
    path = folder / FILE
    try:
        if not path.is_file():  # a pipe without a writer would hold us for ever
            return Session()
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return Session()
    return _session(found) if isinstance(found, dict) else Session()


def save(folder: Path, session: Session) -> None:
    """Remember it, for nobody else's eyes; of two consoles the one that ends last. Raises OSError."""
    replace(folder / FILE, json.dumps(asdict(session)).encode(), mode=0o600)


def _session(found: dict[str, Any]) -> Session:
    usual = asdict(Session())
    kept = {name: found[name] for name in usual if _fits(found.get(name), usual[name])}
    if type(found.get("log_height")) is int:
        kept["log_height"] = found["log_height"]
    looks, past = kept.pop("looks", {}), kept.pop("past", {})
    return Session(
        **kept,
        looks={name: _look(look) for name, look in looks.items() if isinstance(look, dict)},
        past={name: _texts(texts) for name, texts in past.items() if isinstance(texts, list)},
    )


def _texts(found: list[Any]) -> list[str]:
    return [text[:_LONGEST] for text in found if isinstance(text, str)][-_MOST:]


def _look(found: dict[str, Any]) -> Look:
    usual = asdict(Look())
    look = Look(**{name: found[name] for name in usual if _fits(found.get(name), usual[name])})
    return replaced(look, filter=look.filter[:_LONGEST])


def _fits(value: object, usual: object) -> bool:
    return usual is not None and type(value) is type(usual)
