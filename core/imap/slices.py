"""A large message in slices to a spool file (RFC 3501, partial fetch); after a lost connection it goes on."""

from pathlib import Path

from core.imap.answers import failure_of
from core.imap.asking import Ask
from core.imap.items import items_of
from core.imap.wire import Response
from core.mail.body import Body
from core.ports.failure import Action, EndpointError, Side
from core.ports.source import SourceMessage
from core.ports.spool import SpoolFile

SLICE = 4 << 20


def sliced(ask: Ask, message: SourceMessage, spool: Path | None) -> Body | None:
    """The message as its slices come to; None where the server does not give slices.

    Raises EndpointError when the connection ends twice at the same place.
    """
    with SpoolFile(spool) as file:
        lost_at = -1
        size = SLICE
        # A server that ignores the offset would go on for ever.
        while size == SLICE and file.size <= 2 * message.size:
            try:
                piece = _slice(ask, message.uid, file.size)
            except EndpointError as error:
                if error.failure.action is not Action.RETRY or lost_at == file.size:
                    raise
                lost_at = file.size
                continue
            if piece is None:
                return None
            file.write(piece)
            size = len(piece)
        return file.body()


def _slice(ask: Ask, uid: int, offset: int) -> bytes | None:
    """One slice; shorter at the end of the message; None where the server gives anything else."""
    key = b"BODY[]<%d>" % offset
    found: list[bytes] = []

    def take(response: Response) -> None:
        items = items_of(response) if response.kind == b"FETCH" else {}
        piece = items.get(key, b"") or b""
        if items.get(b"UID") == b"%d" % uid and key in items and isinstance(piece, bytes) and len(piece) <= SLICE:
            found.append(piece)
        response.close()

    done = ask(b"UID FETCH %d (BODY.PEEK[]<%d.%d>)" % (uid, offset, SLICE), take)
    if not done.ok:
        failure = failure_of(done, Side.SOURCE, otherwise=Action.REJECT)
        if failure.action in {Action.WAIT, Action.STOP_MAILBOX, Action.STOP_BATCH}:
            raise EndpointError(failure)
        return None
    return found[0] if len(found) == 1 else None
