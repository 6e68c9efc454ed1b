"""Reading ahead: a thread of its own fetches messages while the pass writes those before them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from typing import Self

from core.mail.body import SPOOL_ABOVE, Body
from core.mail.fingerprint import folded
from core.mail.flags import Flags
from core.mail.form import Alteration
from core.ports.failure import Failure, Side
from core.ports.source import SourceMessage
from core.store.ledger_rows import Entry, windows
from core.sync.causes import Cause, Causes
from core.sync.channel import Channel
from core.sync.context import PassContext, Work

#: One request to the source asks for at most so much, so that memory follows the budget and a stop comes soon.
REQUEST_MESSAGES = 500
REQUEST_BYTES = 2 << 20
#: A spooled message holds one slice in memory at a time.
_SLICE = 4 << 20
#: Requests read ahead of the writer.
_AHEAD = 4


@dataclass(slots=True)
class Ready:
    """A message that was fetched; `body` None: it vanished, or the source cannot give it (`failure`)."""

    work: Work
    uid: int
    size: int  # as listed
    received: datetime | None
    flags: Flags
    body: Body | None
    stumbled: bool = False  # sent before, and not stored: goes alone, so that no other suffers with it
    exact: bytes = b""
    folded: bytes = b""
    failure: Failure | None = None
    altered: Alteration | None = None  # the form in which it is sent
    outgoing: Body | None = None  # the bytes of that form, once they are there
    release: Callable[[], None] = lambda: None

    @property
    def sent(self) -> Body | None:
        """What goes out."""
        return self.outgoing or self.body

    def alter(self, altered: Alteration, outgoing: Body) -> None:
        """Take another form."""
        if self.outgoing is not None:
            self.outgoing.close()
        self.altered, self.outgoing, self.folded = altered, outgoing, folded(outgoing)

    def close(self) -> None:
        """Give its memory back."""
        for body in (self.body, self.outgoing):
            if body is not None:
                body.close()
        self.body = self.outgoing = None
        self.release()
        self.release = _nothing


def _nothing() -> None:
    return


class Fetching:
    """Iterate to get messages in their order. Use as a context manager: leaving it ends the thread.

    Whatever goes wrong at the source is raised where the messages are taken. `causes` hears what they were waited for.
    """

    def __init__(self, context: PassContext, works: Sequence[Work], causes: Causes) -> None:
        self._context = context
        self._works = works
        self._causes = causes
        self._full = False  # it waits for memory
        self._channel: Channel[list[Ready] | BaseException] = Channel(_AHEAD)
        self._thread = Thread(target=self._run, name=f"fetch {context.narrate.mailbox}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for left in self._channel.close():
            if isinstance(left, list):
                drop(left)
        self._thread.join()

    def __iter__(self) -> Iterator[list[Ready]]:
        while (item := self._next()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def _next(self) -> list[Ready] | BaseException | None:
        with self._causes.waiting(self._cause):
            return self._channel.get()

    def _cause(self) -> Cause:
        ours = self._full or self._context.limited(Side.SOURCE)
        return Cause.OURS if ours else Cause.SOURCE

    def idle(self) -> bool:
        """Whether the next message would have to be waited for."""
        return self._channel.empty()

    def _run(self) -> None:
        try:
            for work in self._works:
                for request in self._requests(work):
                    if not self._fetch(work, request):
                        return
        except BaseException as error:  # noqa: BLE001  every error belongs to who takes the messages
            self._channel.put(error)
        finally:
            self._channel.end()

    def _requests(self, work: Work) -> Iterator[list[Entry]]:
        """What is pending in a folder, newest first, in requests bounded by number and size."""
        for window in windows(self._context.ledger.pending(work.ledger)):
            entries = self._context.ledger.entries(work.ledger, window)
            request: list[Entry] = []
            size = 0
            for uid in window:
                entry = entries[uid]
                if request and (len(request) >= REQUEST_MESSAGES or size + entry.size > REQUEST_BYTES):
                    yield request
                    request, size = [], 0
                request.append(entry)
                size += entry.size
            if request:
                yield request

    def _fetch(self, work: Work, request: list[Entry]) -> bool:
        budget, control = self._context.budget, self._context.control
        held = {entry.uid: _memory(entry.size) for entry in request}
        if control.stopping():
            return False
        self._full = True
        granted = budget.take(sum(held.values()), control)
        self._full = False
        if not granted:
            return False
        ready: list[Ready] = []
        weight = 0
        listed = [SourceMessage(entry.uid, entry.size, entry.received, entry.flags) for entry in request]
        entries = {entry.uid: entry for entry in request}
        try:
            for fetched in self._context.source.fetch(work.opened, listed):
                entry = entries[fetched.uid]
                size = held.pop(fetched.uid)
                if fetched.body is not None and (more := _memory(fetched.body.size) - size) > 0:
                    budget.also(more)
                    size += more
                stumbled = entry.exact is not None or entry.alteration is not None
                message = Ready(work, entry.uid, entry.size, entry.received, entry.flags, fetched.body, stumbled)
                message.failure = fetched.failure
                message.altered = entry.alteration
                message.release = lambda size=size: budget.give(size)  # type: ignore[misc]
                ready.append(message)
                if fetched.body is not None:
                    message.exact = fetched.body.sha256()
                    message.folded = folded(fetched.body)
                weight += size
                if weight > REQUEST_BYTES:  # the rest may be larger than was announced, too
                    if not self._channel.put(ready):
                        drop(ready)
                        return False
                    ready, weight = [], 0
        except BaseException:
            drop(ready)
            raise
        finally:
            budget.give(sum(held.values()))
        if not ready or self._channel.put(ready):
            return True
        drop(ready)
        return False


def _memory(size: int) -> int:
    return size if size <= SPOOL_ABOVE else _SLICE


def drop(messages: Iterable[Ready]) -> None:
    """Give their memory back."""
    for message in messages:
        message.close()


def size_of(message: Ready) -> int:
    """Its size in bytes, as listed where the bytes are not there."""
    return message.size if message.body is None else message.body.size
