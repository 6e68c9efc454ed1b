"""Telling what happens to one mailbox, as events."""

from dataclasses import dataclass

from core.clock import Clock
from core.event import Event, EventKind, Level, Tell
from core.mail.folder import FolderPath


@dataclass(frozen=True, slots=True)
class Narrate:
    """Makes events of one mailbox of one batch and hands them to `tell`."""

    tell: Tell
    clock: Clock
    batch: str
    mailbox: str

    def debug(self, kind: EventKind, text: str, folder: FolderPath | None = None, uid: int | None = None) -> None:
        """Something only a log wants to know."""
        self._say(Level.DEBUG, kind, text, folder, uid)

    def info(self, kind: EventKind, text: str, folder: FolderPath | None = None, uid: int | None = None) -> None:
        """Something that went as it should."""
        self._say(Level.INFO, kind, text, folder, uid)

    def warning(self, kind: EventKind, text: str, folder: FolderPath | None = None, uid: int | None = None) -> None:
        """Something that an administrator should know."""
        self._say(Level.WARNING, kind, text, folder, uid)

    def error(self, kind: EventKind, text: str, folder: FolderPath | None = None, uid: int | None = None) -> None:
        """Something that an administrator must act on."""
        self._say(Level.ERROR, kind, text, folder, uid)

    def _say(self, level: Level, kind: EventKind, text: str, folder: FolderPath | None, uid: int | None) -> None:
        where = "" if folder is None else str(folder)
        self.tell(Event(self.clock.now(), level, kind, text, self.batch, self.mailbox, where, uid))
