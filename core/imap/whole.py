"""Whole messages, many with one request; what does not come is looked at twice before anything is said of it."""

from core.imap.asking import Ask, fetch_each, listed_uids, uid_set
from core.mail.body import Body
from core.ports.failure import Action, Failure, Side

#: What became of one message: its bytes, why the source cannot give it, or None: it is gone.
Answer = Body | Failure | None

Items = dict[bytes, bytes | Body | None]


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

        def keep(uid: int, items: Items) -> bool:
            if b"BODY[]" not in items:
                return False
            body = _body(items)
            if _sound(body, sizes[uid]):
                answers[uid] = body
                doubtful.discard(uid)
            return True

        refused = fetch_each(self._ask, sorted(sizes), b"(BODY.PEEK[])", keep)
        answers.update(refused)
        doubtful.difference_update(refused)
        if doubtful:
            self._second_look(sorted(doubtful), sizes, answers)

    def _second_look(self, uids: list[int], sizes: dict[int, int], answers: dict[int, Answer]) -> None:
        """Messages of which nothing came, or nothing where there should be something."""

        def keep(uid: int, items: Items) -> bool:
            if b"BODY[]" not in items:
                return False
            body, size = _body(items) or Body.of(b""), items.get(b"RFC822.SIZE")
            now = int(size) if isinstance(size, bytes) and size.isdigit() else sizes[uid]
            nothing = unreadable("EMPTY", f"the source gives nothing for this message of {now} bytes")
            answers[uid] = body if _sound(body, now) else nothing
            return True

        self._ask(b"NOOP", None)  # the server may now say what is gone
        answers.update(fetch_each(self._ask, uids, b"(RFC822.SIZE BODY.PEEK[])", keep))
        missing = [uid for uid in uids if uid not in answers]
        listed = set(listed_uids(self._ask, b"UID " + uid_set(missing))) if missing else set()
        not_given = unreadable("NOT-GIVEN", "the source lists this message and does not give it")
        answers.update((uid, not_given if uid in listed else None) for uid in missing)


def _body(items: Items) -> Body | None:
    body = items[b"BODY[]"]
    return Body.of(body) if isinstance(body, bytes) else body


def _sound(body: Body | None, size: int) -> bool:
    """An empty message is legal; nothing where something was announced is not."""
    return body is not None and (body.size > 0 or size == 0)
