"""What `run` says while it works: events as lines, and on a terminal one line of progress under them."""

import queue
import shutil
import sys
from typing import TextIO

from core.cli.event_line import event_json, event_text
from core.cli.words import duration, plural, size
from core.event import Event, EventKind, Level
from core.status import Condition, MailboxStatus
from core.store.views import BatchView

#: Told one by one only when something is wrong with them.
_SMALL = ("message.", "flags.", "folder.", EventKind.LIBRARY.value)


class Narration:
    """Takes events from any thread, and prints them from one.

    For people: to stderr, from the large ones up. With `as_json`: all of them, to stdout, one a line. When nobody reads
    any more the run goes on. `silent` prints nothing: the store has it all.
    """

    def __init__(self, *, as_json: bool, silent: bool = False) -> None:
        self._as_json = as_json
        self._out: TextIO | None = None if silent else sys.stdout if as_json else sys.stderr
        self._live = not as_json and sys.stderr.isatty()
        self._shown = ""
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    @property
    def live(self) -> bool:
        """Whether somebody sees the progress."""
        return self._live and self._out is not None

    def tell(self, event: Event) -> None:
        """A `core.event.Tell`: only puts the event aside."""
        self._events.put(event)

    def print(self) -> None:
        """Print what was told since."""
        lines = []
        while not self._events.empty():
            event = self._events.get()
            if self._as_json:
                lines.append(event_json(event))
            elif event.level >= Level.WARNING or _large(event):
                lines.append(event_text(event, date=False))
        if lines:
            self._write("".join(f"{self._clear()}{line}\n" for line in lines) + self._shown)

    def progress(self, view: BatchView, in_flight: int, *, stopping: bool) -> None:
        """Show how far the batch is, on the terminal's last line."""
        line = f"Stopping, {in_flight} in flight" if stopping else progress_line(view)
        line = line[: shutil.get_terminal_size().columns - 1]
        if line != self._shown:
            self._write(f"{self._clear()}{line}")
            self._shown = line

    def end(self) -> None:
        """Print the rest, and take the progress away."""
        self.print()
        if self._shown:
            self._write(self._clear())
            self._shown = ""

    def _clear(self) -> str:
        return "\r\x1b[K" if self._shown else ""

    def _write(self, text: str) -> None:
        if self._out is None:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:  # the terminal or the reader has gone
            self._out = None


def progress_line(view: BatchView) -> str:
    """How far a batch is, in one line."""
    counts = view.counts
    begun = view.mailboxes - view.by_status.get(MailboxStatus.QUEUED, 0)
    parts = [
        f"{view.name}: {view.status}",
        f"{begun:,} of {plural(view.mailboxes, 'mailbox')}",
        f"{counts.total - counts.pending:,} of {plural(counts.total, 'message')}",
        f"{size(counts.bytes_copied)} of {size(counts.bytes_total)}",
    ]
    if view.rate:
        parts.append(f"{size(view.rate)}/s")
    if view.eta is not None:
        parts.append(f"about {duration(view.eta)} to go")
    if view.condition is not None:
        parts.append(_condition(view.condition))
    return ", ".join(parts)


def _condition(condition: Condition) -> str:
    return condition.value.replace("_", " ")


def _large(event: Event) -> bool:
    return event.level >= Level.INFO and not event.kind.value.startswith(_SMALL)
