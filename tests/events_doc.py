"""Makes docs/events.md from the enumerations of the code: `python -m tests.events_doc`.

What a word means stands here; which words there are, in the code. A word without a meaning is an error.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from core.event import EventKind, Level
from core.mail.outcome import Outcome
from core.status import BatchStatus, Condition, MailboxStatus, PassKind

Word = TypeVar("Word", bound=StrEnum)

FILE = Path(__file__).resolve().parent.parent / "docs" / "events.md"

EVENTS: Mapping[EventKind, str] = {
    EventKind.BATCH_STARTED: "a run has begun; the text says over how many mailboxes",
    EventKind.BATCH_FINISHED: "a run has ended and every mailbox had its pass; the text is the batch's status",
    EventKind.BATCH_STOPPING: "it was told to pause or to stop; the text says how many mailboxes are in flight",
    EventKind.BATCH_STOPPED: "a run has ended before it was done; the text names mailboxes held by themselves",
    EventKind.BATCH_PAUSED: "nothing of it is in flight any more; the process waits",
    EventKind.BATCH_RESUMED: "a pause of the whole batch is over",
    EventKind.BATCH_WAITING: "nothing can be done just now: until the next pass, a link, or the end of a throttle",
    EventKind.BATCH_WARNING: "something that the batch file allows and that is dangerous",
    EventKind.BATCH_CHANGED: "what was changed of it since its file was read counts now; the text says what",
    EventKind.MAILBOX_STARTED: "a pass has begun: both sides are signed in to",
    EventKind.MAILBOX_FINISHED: "a pass has ended well; the text says what it did",
    EventKind.MAILBOX_PAUSING: "it was told to pause; what is in flight finishes",
    EventKind.MAILBOX_PAUSED: "it is paused, its connections closed",
    EventKind.MAILBOX_RESUMED: "it goes on",
    EventKind.MAILBOX_STOPPED: "it is stopped, its connections closed",
    EventKind.MAILBOX_FAILED: "its pass has failed; the text says why and what to do",
    EventKind.MAILBOX_THROTTLED: "a server asked for time; the text says how long",
    EventKind.MAILBOX_WAITING_FOR_LINK: "a server does not answer, or the link broke; it is tried again",
    EventKind.MAILBOX_WAITING_FOR_HOURS: "the active hours have ended: it goes on when they begin",
    EventKind.MAILBOX_LINK_BACK: "after that, both sides are signed in to again",
    EventKind.MAILBOX_QUOTA: "the mailbox at the destination is full",
    EventKind.MAILBOX_ALERT: "a server wants people to read what the text says (IMAP's ALERT); once a run",
    EventKind.FOLDER_LISTED: "the source folder was compared with the ledger",
    EventKind.FOLDER_CREATED: "a folder was made at the destination",
    EventKind.FOLDER_RENAMED: "a folder was renamed at the source, or has another name at the destination",
    EventKind.FOLDER_SKIPPED: "a rule leaves the folder out; the text says which",
    EventKind.FOLDER_FINISHED: "all messages of the folder are settled",
    EventKind.FOLDER_VALIDITY_CHANGED: "the source numbered the folder's messages anew; they are known by their bytes",
    EventKind.FOLDER_GONE: "the folder is no longer at the source, or went while it was read",
    EventKind.FOLDER_ADOPTED: "the destination folder held mail before the first pass, and was searched",
    EventKind.MESSAGE_COPIED: "the destination has stored it",
    EventKind.MESSAGE_ALREADY_THERE: "it was at the destination before",
    EventKind.MESSAGE_SKIPPED: "a rule or a limit leaves it out; the text says which",
    EventKind.MESSAGE_REJECTED: "the destination refused it, or it exceeds its limit; the text says why",
    EventKind.MESSAGE_VANISHED: "it was gone at the source before it was copied",
    EventKind.MESSAGE_IN_DOUBT: "it was sent and the answer is unknown; it is looked up before anything is sent again",
    EventKind.MESSAGE_SETTLED: "a doubt is settled: it was stored, or it was not and is sent again",
    EventKind.MESSAGE_DUPLICATED: "the destination holds it twice; both stay",
    EventKind.MESSAGE_MOVED: "it moved at the source, and its copy followed or stays where its user put it",
    EventKind.MESSAGE_GONE: "it was deleted at the source after it was copied; the copy stays",
    EventKind.MESSAGE_REPAIRED: (
        "it is there mended, because the destination refused it as it was; the text says what was changed, why, and "
        "where the original is kept"
    ),
    EventKind.MESSAGE_WRAPPED: "it is there as a file in another message, because the destination refused it otherwise",
    EventKind.MESSAGE_KEYWORD_DROPPED: "the destination cannot keep one of its keywords",
    EventKind.MESSAGE_DATE_CHANGED: "the destination cannot keep when it was received; the text says what it has now",
    EventKind.FLAGS_CHANGED: "changes of flags at the source were carried over",
    EventKind.FLAGS_KEPT: "flags that a user changed at the destination were left alone",
    EventKind.LIBRARY: "what a library said, or the code that speaks IMAP; for finding faults",
    EventKind.FAULT: "a fault of mailcutover's own; a crash file has the details",
    EventKind.SUMMARY: "the last line of `run --json`, with the status object in `status`; never in the log",
}
BATCHES: Mapping[BatchStatus, str] = {
    BatchStatus.CREATED: "known, and never run",
    BatchStatus.WAITING: "a run has begun, none of its mailboxes yet",
    BatchStatus.SYNCING: "at least one initial pass is under way or still to come",
    BatchStatus.INCREMENTAL_SYNCING: "incremental passes are under way",
    BatchStatus.SYNCED: "every mailbox had its pass; with `--watch` the next one is due later",
    BatchStatus.SYNCED_WITH_ERRORS: "as Synced, but a mailbox failed or a message was rejected",
    BatchStatus.COMPLETING: "final passes are under way",
    BatchStatus.COMPLETED: "the cutover is done and verified",
    BatchStatus.COMPLETED_WITH_ERRORS: "the cutover is done, with failures",
    BatchStatus.STOPPING: "told to pause or stop; what is in flight finishes",
    BatchStatus.STOPPED: "not done, and nothing moves",
    BatchStatus.FAILED: "every mailbox failed",
    BatchStatus.REMOVING: "being forgotten",
}
MAILBOXES: Mapping[MailboxStatus, str] = {
    MailboxStatus.QUEUED: "waits for its turn or for a free connection",
    MailboxStatus.VALIDATING: "signs in to both sides",
    MailboxStatus.SYNCING: "in its initial pass",
    MailboxStatus.SYNCED: "its initial pass ended well",
    MailboxStatus.INCREMENTAL_SYNCING: "in an incremental pass",
    MailboxStatus.INCREMENTAL_SYNCED: "its last incremental pass ended well",
    MailboxStatus.INCREMENTAL_FAILED: "its last incremental pass failed; what was copied before stays",
    MailboxStatus.COMPLETING: "in its final pass",
    MailboxStatus.COMPLETED: "its final passes found nothing new",
    MailboxStatus.COMPLETED_WITH_WARNINGS: "as Completed, with approved exceptions",
    MailboxStatus.STOPPING: "told to pause or stop; what is in flight finishes",
    MailboxStatus.STOPPED: "not done, and nothing moves",
    MailboxStatus.FAILED: "its initial pass failed",
}
CONDITIONS: Mapping[Condition, str] = {
    Condition.PAUSED: "with Stopping and Stopped: it was told to pause, not to stop",
    Condition.THROTTLED: "a server asked for time; `until` says how long",
    Condition.WAITING_FOR_LINK: "a server does not answer; `until` says when it is tried again",
    Condition.WAITING_FOR_HOURS: "outside `active_hours`",
    Condition.QUOTA: "the mailbox at the destination is full",
    Condition.SETTLING: "an answer was lost, and is waited out before anything is sent again",
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.COPIED: "stored at the destination by us",
    Outcome.ALREADY_THERE: "found at the destination, put there before",
    Outcome.SKIPPED: "left out by a rule or limit of ours; judged anew each pass",
    Outcome.REJECTED: "refused by the destination, or known to exceed its limit; tried again with `--retry-rejected`",
    Outcome.VANISHED: "gone at the source before it was copied",
    Outcome.PENDING: "still to be copied",
}
PASSES: Mapping[PassKind, str] = {
    PassKind.INITIAL: "no pass over this pair has ended well yet",
    PassKind.INCREMENTAL: "brings what changed since",
    PassKind.FINAL: "compares everything once more, after the MX record has moved",
}


def document() -> str:
    """The whole file."""
    levels = ", ".join(f"`{level.word}`" for level in Level)
    return "\n".join(
        [
            "# Events, statuses, conditions, outcomes",
            "",
            "Made from the code by `python -m tests.events_doc`; do not edit. New words may be added, none is changed.",
            "",
            "## Events",
            "",
            "`run --json` and `log --json` print one event a line: `time` (RFC 3339, UTC), `level`",
            f"({levels}), `batch`, `mailbox`, `folder`, `uid` (null where it does not",
            "apply), `event` and `text`. `event` is one of these:",
            "",
            *_table("event", "what happened", EventKind, EVENTS),
            "",
            "## Status of a batch",
            "",
            "A batch that no process runs is never shown as one of the active ones: it is Stopped.",
            "",
            *_table("status", "meaning", BatchStatus, BATCHES),
            "",
            "## Status of a mailbox",
            "",
            *_table("status", "meaning", MailboxStatus, MAILBOXES),
            "",
            "## Conditions",
            "",
            "Beside a status, with `until` and `why` where they apply.",
            "",
            *_table("condition", "meaning", Condition, CONDITIONS),
            "",
            "## Outcomes of a message",
            "",
            "Every message ever listed has exactly one; they add up to `total`. `source_gone` is counted beside them:",
            "deleted at the source after it was copied; so are `repaired` and `wrapped`, under `altered`: at the",
            "destination in another form than at the source.",
            "",
            *_table("outcome", "meaning", Outcome, OUTCOMES),
            "",
            "## Passes",
            "",
            *_table("kind", "meaning", PassKind, PASSES),
            "",
        ]
    )


def _table(head: str, meaning: str, words: type[Word], meanings: Mapping[Word, str]) -> list[str]:
    return [f"| {head} | {meaning} |", "|---|---|", *(f"| `{word}` | {meanings[word]} |" for word in words)]


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
