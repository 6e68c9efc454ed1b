"""EXAMINE and SELECT: a folder as the server shows it when it is opened (RFC 3501, 6.3.1; RFC 7162, 3.1.1)."""

from dataclasses import dataclass

from core.imap.answers import failure_of
from core.imap.connection import Connection
from core.imap.flags import flags_of
from core.imap.wire import Response, astring, number
from core.mail.flags import Flags
from core.ports.failure import Action, EndpointError, Failure


@dataclass(frozen=True, slots=True)
class Selection:
    """What opening a folder told. `permanent` is what may be kept there; None where the server does not say."""

    name: bytes
    read_only: bool
    uidvalidity: int
    uidnext: int | None
    exists: int
    highestmodseq: int | None
    permanent: Flags | None


def open_folder(connection: Connection, name: bytes, *, read_only: bool) -> Selection:
    """Open a folder anew, whichever was open before.

    Raises EndpointError; its code is NONEXISTENT where the server says that the folder is not there.
    """
    codes: dict[str, str] = {}
    counted = False

    def take(response: Response) -> None:
        nonlocal counted
        counted = counted or (response.kind == b"EXISTS" and response.number is not None)
        if response.kind in {b"OK", b"NO"}:
            said = response.completion()
            codes[said.code] = said.argument

    connection.selected = None
    verb = b"EXAMINE " if read_only else b"SELECT "
    with connection.live() as wire:
        wire.leave()
        done = wire.run(verb + astring(name) + (b" (CONDSTORE)" if connection.has("CONDSTORE") else b""), take)
        if done.status == "BAD" and connection.has("CONDSTORE"):  # offered, but not understood
            done = wire.run(verb + astring(name), take)
        exists, uidvalidity = wire.exists, wire.uidvalidity
    if not done.ok:
        raise EndpointError(failure_of(done, connection.side))
    if not uidvalidity:
        raise EndpointError(
            Failure(
                Action.STOP_MAILBOX,
                "UIDVALIDITY",
                "the server gives a folder no UIDVALIDITY: its messages cannot be told apart safely",
                said=name.decode("latin-1"),
                cure="exclude the folder, or repair it at the server",
                side=connection.side,
            )
        )
    if not counted:
        raise EndpointError(
            Failure(
                Action.RETRY,
                "EXISTS",
                "the server does not say how many messages the folder holds",
                cure="if this stays so, exclude the folder, or repair it at the server",
                side=connection.side,
            )
        )
    permanent = codes.get("PERMANENTFLAGS")
    selection = Selection(
        name,
        read_only,
        uidvalidity,
        _number(codes, "UIDNEXT"),
        exists,
        _number(codes, "HIGHESTMODSEQ"),
        None if permanent is None else flags_of(permanent.strip("()").encode("latin-1")),
    )
    connection.selected = selection
    return selection


def _number(codes: dict[str, str], code: str) -> int | None:
    """A positive number, or None: 0 means "not known" for each of those asked here."""
    return number(codes.get(code, "").encode()) or None
