"""Whole messages, many with one request; what does not come is looked at twice before anything is said of it."""

from core.imap.asking import Ask, fetch_each, listed_uids, uid_set
from core.imap.items import Items
from core.imap.wire import number
from core.mail.body import SPOOL_ABOVE, Body
from core.ports.failure import Action, Failure, Side

#: What became of one message: its bytes, why the source cannot give it, or None: it is gone. A number: its size, where
#: that was too much to keep beside the others.
Answer = Body | Failure | int | None


def unreadable(code: str, cause: str) -> Failure:
    """The source cannot give a message."""
    return Failure(Action.REJECT, code, cause, cure="look at it at the source", side=Side.SOURCE)


class Whole:
    """Asks for whole messages of one folder."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def get(self, sizes: dict[int, int], answers: dict[int, Answer]) -> None:
        """Put an answer for every UID into `answers`; `sizes` as they were listed.

        Raises EndpointError, with what came until then in `answers`.
        """
        doubtful = set(sizes)
        room = _Room()

        def keep(uid: int, items: Items) -> bool:
            if b"BODY[]" not in items:
                return False
            body = _body(items)
            if body is not None and _sound(body, sizes[uid]):
                answers[uid] = room.kept(body)
                doubtful.discard(uid)
            return True

        refused = fetch_each(self._ask, sorted(sizes), b"(BODY.PEEK[])", keep)
        answers.update(refused)
        doubtful.difference_update(refused)
        if doubtful:
            self._second_look(sorted(doubtful), sizes, answers, room)

    def _second_look(self, uids: list[int], sizes: dict[int, int], answers: dict[int, Answer], room: "_Room") -> None:
        """Messages of which nothing came, or nothing where there should be something."""

        def keep(uid: int, items: Items) -> bool:
            if b"BODY[]" not in items:
                return False
            body, size = _body(items) or Body.of(b""), number(items.get(b"RFC822.SIZE"))
            now = sizes[uid] if size is None else size
            nothing = unreadable("EMPTY", f"the source gives nothing for this message of {now} bytes")
            answers[uid] = room.kept(body) if _sound(body, now) else nothing
            return True

        self._ask(b"NOOP", None)  # the server may now say what is gone
        answers.update(fetch_each(self._ask, uids, b"(RFC822.SIZE BODY.PEEK[])", keep))
        missing = [uid for uid in uids if uid not in answers]
        listed = set(listed_uids(self._ask, b"UID " + uid_set(missing))) if missing else set()
        not_given = unreadable("NOT-GIVEN", "the source lists this message and does not give it")
        answers.update((uid, not_given if uid in listed else None) for uid in missing)


class _Room:
    """What one request may bring at once, whatever sizes were announced; the first message always may."""

    def __init__(self) -> None:
        self._taken = 0

    def kept(self, body: Body) -> Body | int:
        """The body, or its size where there is no room for it; then it is closed."""
        size = min(body.size, SPOOL_ABOVE)
        if self._taken and self._taken + size > SPOOL_ABOVE:
            body.close()
            return body.size
        self._taken += size
        return body


def _body(items: Items) -> Body | None:
    body = items[b"BODY[]"]
    return Body.of(body) if isinstance(body, bytes) else body


def _sound(body: Body | None, size: int) -> bool:
    """An empty message is legal; nothing where something was announced is not."""
    return body is not None and (body.size > 0 or size == 0)
