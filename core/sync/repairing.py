"""What becomes of a message that the destination refuses for its form: mended, then wrapped whole, then rejected.

Each form is sent once, and which one it is stands in the ledger with the intent. So a pass that was cut off goes on
with the form that it had come to, and what turns up at the destination later is known for what it is.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from threading import Lock

from core.event import EventKind
from core.mail.body import SPOOL_ABOVE, Body
from core.mail.fingerprint import canonical, folded_of
from core.mail.folder import FolderPath
from core.mail.form import Alteration, Form
from core.mail.repair import Repair, repaired
from core.mail.wrap import NAME, wrapped_print, wrapping
from core.ports.failure import Failure, Side
from core.ports.spool import SpoolFile
from core.printable import printable
from core.store.originals import Originals
from core.sync.context import PassContext
from core.sync.control import Budget
from core.sync.fetching import Ready
from core.sync.rules import too_large

#: A mend takes so many times the message's size in memory: one at a time in a process, and none of a large message.
_TIMES = 6
_ONE_AT_A_TIME = Lock()
LARGEST = SPOOL_ABOVE
#: A form of at most so many bytes waits in memory; beside the budget, because each mailbox sends one at a time.
_IN_MEMORY = 256 << 10
_WHOLE = f"attached whole as {NAME} to a message of its own"
_EVENTS = {Form.REPAIRED: EventKind.MESSAGE_REPAIRED, Form.WRAPPED: EventKind.MESSAGE_WRAPPED}


class Repairing:
    """Gives the messages of one pass the form in which they may be taken; called by the pass's own thread."""

    def __init__(self, context: PassContext) -> None:
        self._context = context

    def refused(self, message: Ready, failure: Failure) -> str | None:
        """Give a refused message its next form; or say why it is rejected, with what was said to each form.

        Raises EndpointError when there is no room on the disk for the next form.
        """
        said = printable(failure.sentence())
        before = message.altered
        refused = f"{_so_far(before)}: {said}"
        if not (self._context.options.repair and failure.form) or (before and before.form is Form.WRAPPED):
            return said if before is None else refused
        assert message.body is not None
        repair = mended(self._context.budget, message.body) if before is None else None
        if repair is not None:
            altered, outgoing = Alteration(Form.REPAIRED, _told(repair), refused), self._body((repair.data,))
        else:
            changes = _WHOLE if before is not None or message.body.size <= LARGEST else f"{_WHOLE}, too large to mend"
            altered, outgoing = Alteration(Form.WRAPPED, changes, refused), self._wrapped(message)
        message.alter(altered, outgoing)
        beyond = too_large(self._context.destination.limits.max_message, outgoing.size)
        return None if beyond is None else f"{refused}; {altered.form}: {beyond}"

    def prepare(self, message: Ready) -> None:
        """See to it that a message about to be sent has the bytes of its form, and that its original is kept.

        Raises EndpointError when there is no room on the disk for them, StateError when the original cannot be kept.
        """
        altered, body = message.altered, message.body
        if altered is None or body is None:
            return
        if message.outgoing is None:  # it came to this form in an earlier pass
            outgoing = self._again(message, altered.form) if self._context.options.repair else None
            if outgoing is None:  # that pass had other bytes, or another batch file: so these have not been refused
                message.altered = None
                return
            message.alter(altered, outgoing)
        if altered.form is Form.REPAIRED:
            keep(self._context, message)

    def _again(self, message: Ready, form: Form) -> Body | None:
        assert message.body is not None
        if form is Form.WRAPPED:
            return self._wrapped(message)
        repair = mended(self._context.budget, message.body)
        return None if repair is None else self._body((repair.data,))

    def _wrapped(self, message: Ready) -> Body:
        assert message.body is not None
        return self._body(wrapping(message.body, message.received))

    def _body(self, pieces: Iterable[bytes]) -> Body:
        """Pieces as a body, in memory only while they are few."""
        held: list[bytes] = []
        size = 0
        left = iter(pieces)
        for piece in left:
            held.append(piece)
            size += len(piece)
            if size > _IN_MEMORY:
                break
        else:
            return Body.of(b"".join(held))
        with SpoolFile(self._context.state, Side.DESTINATION) as spool:
            for piece in (*held, *left):
                spool.write(piece)
            return spool.body()


def _so_far(before: Alteration | None) -> str:
    if before is None:
        return "refused as it is"
    changes = f" ({before.changes})" if before.form is Form.REPAIRED else ""
    return f"{before.refused}; refused {before.form}{changes}"


def _told(repair: Repair) -> str:
    return ", ".join(repair.changes)


def mended(budget: Budget, body: Body) -> Repair | None:
    """The message mended; None where there is nothing to mend, or where it is too large for that."""
    if body.size > LARGEST:
        return None
    with _ONE_AT_A_TIME:
        budget.also(_TIMES * body.size)
        try:
            return repaired(body.read())
        finally:
            budget.give(_TIMES * body.size)


def prints(budget: Budget, message: Ready) -> Iterator[tuple[bytes, Alteration | None]]:
    """The canonical fingerprints that a message may have at the destination, and how it differs there with each."""
    body = message.body
    assert body is not None
    yield canonical(body.read()), None
    repair = mended(budget, body)
    if repair is not None:
        yield canonical(repair.data), Alteration(Form.REPAIRED, _told(repair))
    yield wrapped_print(body, message.received), Alteration(Form.WRAPPED, _WHOLE)


def print_as(budget: Budget, message: Ready, alteration: Alteration, received: datetime | None) -> bytes:
    """The folded fingerprint of a message's copy that was altered so; `received` as it was known then."""
    assert message.body is not None
    if alteration.form is Form.WRAPPED:
        return folded_of(wrapping(message.body, received))
    repair = mended(budget, message.body)
    return message.folded if repair is None else folded_of((repair.data,))


def keep(context: PassContext, message: Ready) -> None:
    """Keep the original of a message that is, or will be, at the destination mended. Raises StateError."""
    assert message.body is not None
    Originals(context.state).keep(message.exact, message.body)


def tell(context: PassContext, path: FolderPath, uid: int, exact: bytes, alteration: Alteration | None) -> None:
    """Say that a message is at the destination in another form, and where its original is."""
    if alteration is None:
        return
    text = f"{alteration.form}: {alteration.changes}"
    if alteration.form is Form.REPAIRED:
        text += f"; the original is kept as {Originals(context.state).path(exact)}"
    text = "; ".join(filter(None, (text, alteration.refused)))
    context.narrate.warning(_EVENTS[alteration.form], text, path, uid)
