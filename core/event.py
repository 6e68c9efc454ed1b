"""The one way to say that something happened.

Everything that a log, a console or a script may learn of a run is an `Event`. `EventKind` is the closed list of what
can happen; `docs/events.md` is made from it. Texts pass `core.printable` where an event is made, so that no reader
has to think of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from core.printable import printable


class Level(IntEnum):
    """How much an event matters."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40

    @property
    def word(self) -> str:
        """The level as the contract writes it."""
        return self.name.lower()


class EventKind(StrEnum):
    """Everything that can happen, as `event` in JSON."""

    BATCH_STARTED = "batch.started"
    BATCH_FINISHED = "batch.finished"
    BATCH_STOPPING = "batch.stopping"
    BATCH_STOPPED = "batch.stopped"
    BATCH_PAUSED = "batch.paused"
    BATCH_RESUMED = "batch.resumed"
    BATCH_WAITING = "batch.waiting"
    BATCH_CHANGED = "batch.changed"
    BATCH_WARNING = "batch.warning"
    MAILBOX_STARTED = "mailbox.started"
    MAILBOX_FINISHED = "mailbox.finished"
    MAILBOX_PAUSING = "mailbox.pausing"
    MAILBOX_PAUSED = "mailbox.paused"
    MAILBOX_RESUMED = "mailbox.resumed"
    MAILBOX_STOPPED = "mailbox.stopped"
    MAILBOX_FAILED = "mailbox.failed"
    MAILBOX_THROTTLED = "mailbox.throttled"
    MAILBOX_WAITING_FOR_LINK = "mailbox.waiting_for_link"
    MAILBOX_WAITING_FOR_HOURS = "mailbox.waiting_for_hours"
    MAILBOX_LINK_BACK = "mailbox.link_back"
    MAILBOX_QUOTA = "mailbox.quota"
    MAILBOX_ALERT = "mailbox.alert"
    FOLDER_LISTED = "folder.listed"
    FOLDER_CREATED = "folder.created"
    FOLDER_RENAMED = "folder.renamed"
    FOLDER_SKIPPED = "folder.skipped"
    FOLDER_FINISHED = "folder.finished"
    FOLDER_VALIDITY_CHANGED = "folder.validity_changed"
    FOLDER_GONE = "folder.gone"
    FOLDER_ADOPTED = "folder.adopted"
    MESSAGE_COPIED = "message.copied"
    MESSAGE_ALREADY_THERE = "message.already_there"
    MESSAGE_SKIPPED = "message.skipped"
    MESSAGE_REJECTED = "message.rejected"
    MESSAGE_VANISHED = "message.vanished"
    MESSAGE_IN_DOUBT = "message.in_doubt"
    MESSAGE_SETTLED = "message.settled"
    MESSAGE_DUPLICATED = "message.duplicated"
    MESSAGE_MOVED = "message.moved"
    MESSAGE_GONE = "message.gone"
    MESSAGE_REPAIRED = "message.repaired"
    MESSAGE_WRAPPED = "message.wrapped"
    MESSAGE_KEYWORD_DROPPED = "message.keyword_dropped"
    MESSAGE_DATE_CHANGED = "message.date_changed"
    FLAGS_CHANGED = "flags.changed"
    FLAGS_KEPT = "flags.kept"
    LIBRARY = "library"
    FAULT = "fault"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, to whom, when. `text` is printable; empty names mean "does not apply"."""

    time: datetime
    level: Level
    kind: EventKind
    text: str
    batch: str = ""
    mailbox: str = ""  # the source login, as in the batch file
    folder: str = ""  # the source folder's path, printable
    uid: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))
        object.__setattr__(self, "folder", printable(self.folder, 1000))


#: Takes an event and never blocks on a screen or a disk.
Tell = Callable[[Event], None]
