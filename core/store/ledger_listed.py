"""Rows for messages as the source lists them: new ones, and those that were gone and are back.

A message can come back: a server forgets to list a folder or a message once, an administrator restores a backup. Under
the same UIDVALIDITY it is the same message (RFC 3501, 2.3.1.1), if its date says so, too.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from core.mail.outcome import Outcome
from core.store import schema
from core.store.ledger_counts import THERE, Standing, standing_of
from core.store.ledger_rows import Gone, Listed, altered
from core.store.many import Many
from core.store.times import seconds

_MESSAGE = schema.message
_OF = (_MESSAGE.c.folder_id == bindparam("of_folder"), _MESSAGE.c.uid == bindparam("of"))
_KNOWN = select(_MESSAGE).where(
    _MESSAGE.c.folder_id == bindparam("of_folder"), _MESSAGE.c.uid.in_(bindparam("these", expanding=True))
)
_FRESH = Many(insert(_MESSAGE))
_BACK = Many(update(_MESSAGE).where(*_OF).values(gone=Gone.NO))
_ANEW = Many(
    update(_MESSAGE)
    .where(*_OF)
    .values(
        {name: bindparam(f"new_{name}") for name in ("outcome", "reason", "size", "received", "flags")}
        | {"gone": Gone.NO, "item": None, "exact": None, **altered(None)}
    )
)


def write_listed(
    connection: Connection, folder: int, messages: Sequence[Listed]
) -> list[tuple[Standing | None, Standing]]:
    """Give messages of a folder their rows, at most a window of them; returns what that changes in the counts."""
    these = {"of_folder": folder, "these": [message.uid for message in messages]}
    known = {row.uid: row for row in connection.execute(_KNOWN, these)}
    fresh: list[dict[str, Any]] = []
    anew: list[dict[str, Any]] = []
    back: list[dict[str, Any]] = []
    changes: list[tuple[Standing | None, Standing]] = []
    for message in {message.uid: message for message in messages}.values():
        row = known.get(message.uid)
        listed = Standing(message.outcome, message.size, gone=False)
        if row is None:
            fresh.append({"folder_id": folder, "uid": message.uid, **_values(message)})
            changes.append((None, listed))
        elif row.gone != Gone.NO or row.outcome == Outcome.VANISHED:
            which = {"of_folder": folder, "of": message.uid}
            before = standing_of(row.outcome, row.size, row.gone, row.form, row.carries)
            if _stands(row, message):
                back.append(which)
                changes.append((before, replace(before, gone=False)))
            else:
                anew.append(which | {f"new_{name}": value for name, value in _values(message).items()})
                changes.append((before, listed))
    for write, rows in ((_FRESH, fresh), (_BACK, back), (_ANEW, anew)):
        write(connection, rows)
    return changes


def _stands(row: Row[Any], message: Listed) -> bool:
    """Whether what became of a message that is back still holds."""
    if row.mark is not None:
        return True  # in doubt: that comes first
    kept = row.outcome == Outcome.REJECTED or (row.outcome in THERE and row.gone != Gone.PASSED_ON)
    return kept and row.received == seconds(message.received)


def _values(message: Listed) -> dict[str, Any]:
    return {
        "outcome": message.outcome.value,
        "reason": message.reason,
        "size": message.size,
        "received": seconds(message.received),
        "flags": str(message.flags),
    }
