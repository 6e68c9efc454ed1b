"""What the console remembers of how it was looked at, in the state folder. A convenience: nothing depends on it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = "console.json"
_LARGEST = 1 << 20  # bytes; a larger file is not ours


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
    try:
        with (folder / FILE).open("rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError):
        return Session()
    return _session(found) if isinstance(found, dict) else Session()


def save(folder: Path, session: Session) -> None:
    """Remember it. Raises OSError."""
    path = folder / FILE
    new = path.with_suffix(f".{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(session), file)
    new.replace(path)


def _session(found: dict[str, Any]) -> Session:
    usual = asdict(Session())
    kept = {name: found[name] for name in usual if _fits(found.get(name), usual[name])}
    if type(found.get("log_height")) is int:
        kept["log_height"] = found["log_height"]
    looks, past = kept.pop("looks", {}), kept.pop("past", {})
    return Session(
        **kept,
        looks={name: _look(look) for name, look in looks.items() if isinstance(look, dict)},
        past={name: [str(text) for text in texts] for name, texts in past.items() if isinstance(texts, list)},
    )


def _look(found: dict[str, Any]) -> Look:
    usual = asdict(Look())
    return Look(**{name: found[name] for name in usual if _fits(found.get(name), usual[name])})


def _fits(value: object, usual: object) -> bool:
    return usual is not None and type(value) is type(usual)
