"""Saving a batch file: whole or not at all, the previous version kept beside it.

Comments of the previous version stay in the `.bak` only: TOML writers do not keep them.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import tomli_w

from core.batch.definition import Batch, EwsDestination
from core.batch.load import parse
from core.batch.on_disk import replace
from core.batch.values import default_port, imap_identity, web_identity
from core.batch.words import format_duration, format_rate, format_size, shortest
from core.errors import BatchFileError
from core.printable import printable

_SIZES = {"max_message_size"}
_DURATIONS = {"sync_every", "give_up_after", "settle"}


def save(batch: Batch, path: Path) -> None:
    """Write a batch to `path`, through a link where it is one.

    What stands there stays until the new version is on disk, keeps its mode and owner, and remains as ``NAME.bak``.
    Raises BatchFileError when the batch could not be loaded again from it, or the file cannot be written.
    """
    text = to_toml(batch)
    parse(text, path)  # `model_copy` checks nothing: what could not be loaded again is never saved
    data = text.encode()
    try:
        target = path.resolve()
        try:
            old, as_was = target.read_bytes(), target.stat()
        except FileNotFoundError:
            replace(target, data)
            return
        if old != data:
            replace(target.with_name(f"{target.name}.bak"), old, as_was)
            replace(target, data, as_was)
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the path; links in a circle
        reason = getattr(error, "strerror", None) or error
        raise BatchFileError(printable(f"{path}: cannot be saved: {reason}")) from error


def to_toml(batch: Batch) -> str:
    """A batch as its file says it: what is required, and what differs from the defaults."""
    table = _only_told(batch)
    mailboxes = table.pop("mailboxes")
    # One [[mailboxes]] each, whatever their length: a change of one shows as one in a diff.
    return tomli_w.dumps(table) + "".join(f"\n[[mailboxes]]\n{tomli_w.dumps(mailbox)}" for mailbox in mailboxes)


def _only_told(batch: Batch) -> dict[str, Any]:
    told = batch.model_dump(exclude_defaults=True)
    table: dict[str, Any] = {"name": batch.name}
    for side, endpoint in (("source", batch.source), ("destination", batch.destination)):
        plain = told[side]
        if isinstance(endpoint, EwsDestination):
            computed: dict[str, object] = {"identity": web_identity(endpoint.url)}
        else:
            identity = imap_identity(endpoint.host, endpoint.port)
            computed = {"port": default_port(endpoint.security), "identity": identity}
        for key, value in computed.items():
            # An identity that somebody wrote stays: it must not follow the host name when that changes one day.
            spoken = key == "identity" and key in endpoint.model_fields_set
            if plain.get(key) == value and not spoken:
                del plain[key]
        table[side] = {"kind": endpoint.kind} | in_toml(plain)
    if options := in_toml(told.get("options", {})):
        table["options"] = options
    table["mailboxes"] = told["mailboxes"]
    return table


def in_toml(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table's values as the file writes them."""
    written: dict[str, Any] = {}
    for key, value in table.items():
        if key in _SIZES:
            written[key] = format_size(value)
        elif key in _DURATIONS:
            written[key] = format_duration(value)
        elif isinstance(value, datetime):
            written[key] = shortest(value)
        elif key == "bandwidth":
            written[key] = format_rate(value)
        elif isinstance(value, Path):
            written[key] = str(value)
        elif value or not isinstance(value, dict):  # an empty folder_map says nothing
            written[key] = value
    return written
