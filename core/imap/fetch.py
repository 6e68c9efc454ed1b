"""The bytes of messages: in requests bounded by size, large ones in slices to a spool file, each one accounted for."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.imap.answers import failure_of
from core.imap.asking import Ask, fetch_each, still_listed
from core.imap.items import items_of
from core.imap.spool import SpoolFile
from core.imap.wire import Response
from core.mail.body import SPOOL_ABOVE, Body
from core.ports.failure import Action, EndpointError, Failure, Side
from core.ports.source import Fetched, SourceMessage

#: One request asks for at most so much; a larger message goes alone.
BATCH_MESSAGES = 500
BATCH_BYTES = SPOOL_ABOVE
#: One slice of a large message.
SLICE = 4 << 20
#: So often may a connection end over one and the same message.
_LOSSES = 3
#: What a failure is called when the connection ended, for whatever reason (`core.imap.answers`).
_LOST = frozenset({"LOST", "BYE"})

#: What became of one message; None: it is gone.
Answer = Body | Failure | None


class Bodies:
    """The bytes of messages of one folder.

    `losses` counts, by UID, how often in a row the connection ended over a message. Such a message is asked for alone,
    and given up after the third time: it would stop the mailbox for ever.
    """

    def __init__(self, ask: Ask, spool: Path | None, losses: dict[int, int]) -> None:
        self._ask = ask
        self._spool = spool
        self._losses = losses

    def fetch(self, messages: Iterable[SourceMessage]) -> Iterator[Fetched]:
        """These messages, in their order; nothing more is asked for than is taken."""
        for batch in self._batches(messages):
            answers = self._batch(batch)
            try:
                for message in batch:
                    answer = answers.pop(message.uid)
                    if isinstance(answer, Failure):
                        yield Fetched(message.uid, None, answer)
                    else:
                        yield Fetched(message.uid, answer)
            finally:
                for answer in answers.values():
                    if isinstance(answer, Body):
                        answer.close()

    def _batches(self, messages: Iterable[SourceMessage]) -> Iterator[list[SourceMessage]]:
        batch: list[SourceMessage] = []
        size = 0
        for message in messages:
            alone = message.size > SPOOL_ABOVE or message.uid in self._losses
            if batch and (alone or len(batch) >= BATCH_MESSAGES or size + message.size > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(message)
            size += message.size
            if alone:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _batch(self, batch: list[SourceMessage]) -> dict[int, Answer]:
        first = batch[0]
        if self._losses.get(first.uid, 0) >= _LOSSES:
            del self._losses[first.uid]
            return {first.uid: _given_up()}
        if len(batch) == 1 and first.size > SPOOL_ABOVE:
            answers = {first.uid: self._large(first)}
        else:
            answers = self._several({message.uid: message.size for message in batch})
        self._losses.pop(first.uid, None)
        return answers

    def _several(self, sizes: dict[int, int]) -> dict[int, Answer]:
        """Whole messages by UID; `sizes` as they were listed."""
        found: dict[int, Body | None] = {}

        def keep(uid: int, items: dict[bytes, bytes | Body | None]) -> bool:
            if b"BODY[]" not in items:
                return False
            body = items[b"BODY[]"]
            found[uid] = Body.of(body) if isinstance(body, bytes) else body
            return True

        try:
            answers: dict[int, Answer] = {}
            answers.update(fetch_each(self._ask, sorted(sizes), b"(BODY.PEEK[])", keep))
            doubtful = sorted(uid for uid in sizes if uid not in answers and not _sound(found.get(uid), sizes[uid]))
            if doubtful:
                answers.update(self._second_look(doubtful, sizes, found))
        except EndpointError as error:
            for body in found.values():
                if body is not None:
                    body.close()
            if error.failure.code in _LOST:
                self._count_loss(min(uid for uid in sizes if uid not in found))
            raise
        answers.update((uid, body) for uid, body in found.items() if uid not in answers)
        return answers

    def _second_look(self, uids: list[int], sizes: dict[int, int], found: dict[int, Body | None]) -> dict[int, Answer]:
        """Messages of which nothing came, or nothing where there should be something."""
        for uid in uids:
            found.pop(uid, None)
        now: dict[int, int] = {}

        def keep(uid: int, items: dict[bytes, bytes | Body | None]) -> bool:
            if b"BODY[]" not in items:
                return False
            body, size = items[b"BODY[]"], items.get(b"RFC822.SIZE")
            found[uid] = Body.of(body or b"") if not isinstance(body, Body) else body
            now[uid] = int(size) if isinstance(size, bytes) and size.isdigit() else sizes[uid]
            return True

        self._ask(b"NOOP", None)  # the server may now say what is gone
        answers: dict[int, Answer] = {}
        answers.update(fetch_each(self._ask, uids, b"(RFC822.SIZE BODY.PEEK[])", keep))
        missing = [uid for uid in uids if uid not in found and uid not in answers]
        listed = still_listed(self._ask, missing) if missing else set()
        for uid in missing:
            answers[uid] = (
                _unreadable("NOT-GIVEN", "the source lists this message and does not give it")
                if uid in listed
                else None
            )
        for uid, size in now.items():
            if not _sound(found[uid], size):
                answers[uid] = _unreadable("EMPTY", f"the source gives nothing for this message of {size} bytes")
        return answers

    # --- large ones -------------------------------------------------------------------------------------------

    def _large(self, message: SourceMessage) -> Answer:
        """In slices; whole, when these do not come to what was announced: servers differ in what a slice is."""
        body = self._sliced(message)
        if body is not None:
            if body.size == message.size:
                return body
            body.close()
        return self._several({message.uid: message.size})[message.uid]

    def _sliced(self, message: SourceMessage) -> Body | None:
        with SpoolFile(self._spool) as spool:
            piece: bytes | None = b" " * SLICE
            while piece is not None and len(piece) == SLICE and spool.size <= 2 * message.size:
                try:
                    piece = self._slice(message.uid, spool.size)
                except EndpointError as error:
                    if error.failure.code in _LOST and not spool.size:
                        self._count_loss(message.uid)
                    raise
                spool.write(piece or b"")
            return None if piece is None else spool.body()

    def _slice(self, uid: int, offset: int) -> bytes | None:
        """One slice; shorter at the end of the message; None where the server gives anything else."""
        key = b"BODY[]<%d>" % offset
        found: list[bytes] = []

        def take(response: Response) -> None:
            items = items_of(response) if response.kind == b"FETCH" else {}
            piece = items.get(key, b"") or b""
            if items.get(b"UID") == b"%d" % uid and key in items and isinstance(piece, bytes) and len(piece) <= SLICE:
                found.append(piece)
            response.close()

        done = self._ask(b"UID FETCH %d (BODY.PEEK[]<%d.%d>)" % (uid, offset, SLICE), take)
        if not done.ok:
            failure = failure_of(done, Side.SOURCE, otherwise=Action.REJECT)
            if failure.action in {Action.WAIT, Action.STOP_MAILBOX, Action.STOP_BATCH}:
                raise EndpointError(failure)
            return None
        return found[0] if len(found) == 1 else None

    def _count_loss(self, uid: int) -> None:
        self._losses[uid] = self._losses.get(uid, 0) + 1


def _sound(body: Body | None, size: int) -> bool:
    """An empty message is legal; nothing where something was announced is not."""
    return body is not None and (body.size > 0 or size == 0)


def _unreadable(code: str, cause: str) -> Failure:
    return Failure(Action.REJECT, code, cause, cure="look at it at the source", side=Side.SOURCE)


def _given_up() -> Failure:
    return _unreadable("LOST", "the connection ends each time this message is asked for")
