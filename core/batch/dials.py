"""What of a batch may be changed while it runs: five keys of the batch file, as dials.

A value is text, as the batch file writes it, without quotes; nothing at all means no limit.
"""

from collections.abc import Mapping
from enum import StrEnum

from core.batch.definition import Batch
from core.batch.hours import Hours
from core.batch.values import Between, to_hours, to_rate
from core.batch.words import format_rate
from core.errors import UserError


class Dial(StrEnum):
    """A key of the batch file that takes effect at once."""

    MAILBOXES_AT_ONCE = "options.mailboxes_at_once"
    SOURCE_CONNECTIONS = "source.max_connections"
    DESTINATION_CONNECTIONS = "destination.max_connections"
    BANDWIDTH = "options.bandwidth"
    ACTIVE_HOURS = "options.active_hours"


_NUMBERS = {
    Dial.MAILBOXES_AT_ONCE: Between(1, 500),
    Dial.SOURCE_CONNECTIONS: Between(1, 1_000),
    Dial.DESTINATION_CONNECTIONS: Between(1, 1_000),
}


def settings(batch: Batch) -> dict[Dial, str]:
    """Where the dials stand in a batch."""
    return {dial: _text(dial, _get(batch, dial)) for dial in Dial}


def check(dial: Dial, text: str) -> str:
    """The value as the batch file would write it. Raises UserError for one that it may not have."""
    try:
        return _text(dial, _value(dial, text))
    except ValueError as error:
        raise UserError(f"{dial}: {error}") from None


def turned(batch: Batch, changes: Mapping[Dial, str]) -> Batch:
    """The batch with these dials turned. Raises UserError."""
    for dial, text in changes.items():
        check(dial, text)
        table, key = dial.split(".")
        part = getattr(batch, table).model_copy(update={key: _value(dial, text)})
        batch = batch.model_copy(update={table: part})
    return batch


def _get(batch: Batch, dial: Dial) -> int | Hours | None:
    table, key = dial.split(".")
    value: int | Hours | None = getattr(getattr(batch, table), key)
    return value


def _value(dial: Dial, text: str) -> int | Hours | None:
    text = text.strip()
    if dial in _NUMBERS:
        if not text.isdecimal():
            raise ValueError("must be a whole number")
        return _NUMBERS[dial](int(text))
    if not text:
        return None
    return to_rate(text) if dial is Dial.BANDWIDTH else to_hours(text)


def _text(dial: Dial, value: int | Hours | None) -> str:
    if value is None:
        return ""
    return format_rate(value) if dial is Dial.BANDWIDTH and isinstance(value, int) else str(value)
