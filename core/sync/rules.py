"""The batch's rules about single messages: what is left out, and why. Pure; judged anew in each pass."""

from dataclasses import dataclass
from datetime import datetime

from core.batch.definition import Options
from core.mail.flags import DELETED, Flags
from core.mail.outcome import Outcome
from core.mail.size import above


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule says of a message; `reason` is for people."""

    outcome: Outcome
    reason: str | None = None


#: Chosen once, at the initial pass; the only skip that is not judged anew.
BEYOND_MAX_ITEMS = "older than the newest max_items_per_mailbox messages"

_GO = Judgement(Outcome.PENDING)


def judge(options: Options, max_message: int | None, size: int, received: datetime | None, flags: Flags) -> Judgement:
    """Whether a message is to be copied: pending, skipped by a rule, or rejected as larger than can succeed.

    `size` is in bytes, `max_message` what the destination takes at most (None: not known).
    """
    if options.skip_deleted and DELETED in flags:
        return Judgement(Outcome.SKIPPED, "flagged \\Deleted (skip_deleted)")
    if options.received_since and received is not None and received < options.received_since:
        return Judgement(Outcome.SKIPPED, f"received before {options.received_since:%Y-%m-%d} (received_since)")
    if options.received_before and received is not None and received >= options.received_before:
        return Judgement(Outcome.SKIPPED, f"received from {options.received_before:%Y-%m-%d} on (received_before)")
    return judge_size(options, max_message, size)


def judge_size(options: Options, max_message: int | None, size: int) -> Judgement:
    """The rules about size alone; asked once more when the bytes are there, because a server's size is a hint."""
    if size > options.max_message_size:
        its, limit = above(size, options.max_message_size)
        return Judgement(Outcome.SKIPPED, f"{its} is more than max_message_size ({limit})")
    beyond = too_large(max_message, size)
    return _GO if beyond is None else Judgement(Outcome.REJECTED, beyond)


def too_large(max_message: int | None, size: int) -> str | None:
    """Why the destination cannot take a message of this size; None where it may."""
    if max_message is None or size <= max_message:
        return None
    its, limit = above(size, max_message)
    return f"{its} is more than the destination takes ({limit})"
