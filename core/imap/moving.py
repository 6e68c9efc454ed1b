r"""Moving a message from the selected folder: MOVE (RFC 6851), else COPY, \Deleted and UID EXPUNGE (RFC 4315).

Never EXPUNGE: it would delete whatever else a user has marked as deleted.
"""

from core.imap.answers import failure_of
from core.imap.connection import Connection
from core.imap.wire import Completion, Response, astring, numbers
from core.ports.failure import Action, EndpointError


def move(connection: Connection, uid: int, to: bytes) -> str | None:
    """Move one message with MOVE. Its item in the folder `to`; None when it is not there, or the server does not say.

    Raises EndpointError.
    """
    return _copied(connection, b"UID MOVE %d " % uid + astring(to))


def copy(connection: Connection, uid: int, to: bytes) -> str | None:
    """Copy one message. Its item in the folder `to`; None when it is not there. Needs UIDPLUS."""
    return _copied(connection, b"UID COPY %d " % uid + astring(to))


def expunge(connection: Connection, uid: int) -> None:
    """Delete this one message of the selected folder for good. Needs UIDPLUS."""
    connection.order(b"UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid)
    connection.order(b"UID EXPUNGE %d" % uid)


def _copied(connection: Connection, command: bytes) -> str | None:
    """The item in COPYUID, which MOVE has in an untagged OK and COPY in its own."""
    items: list[str] = []

    def note(completion: Completion) -> None:
        words = completion.argument.split(" ")
        if completion.code == "COPYUID" and len(words) == 3 and words[0].isdecimal():
            items.extend(f"{words[0]}:{uid}" for uid in numbers(words[2].encode("latin-1")))

    def take(response: Response) -> None:
        if response.kind == b"OK":
            note(response.completion())

    done = connection.run(command, take)
    if not done.ok:
        failure = failure_of(done, connection.side, otherwise=Action.STOP_MAILBOX)
        if failure.code == "EXPUNGEISSUED":  # deleted by another, which this session had not seen yet
            return None
        raise EndpointError(failure)
    note(done)
    return items[0] if len(items) == 1 else None
