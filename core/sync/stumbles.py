"""Which messages stumbled over the server in this pass, and what that says: of the message, or of the link."""

from collections.abc import Sequence

from core.mail.size import about
from core.ports.failure import Action, Failure
from core.printable import printable
from core.sync.fetching import Ready, size_of

#: How often one message may stumble before the whole pass takes a new start.
_TRIES = 3
#: No server refuses a smaller message for its size by hanging up; in bytes.
_LARGE = 1 << 20


class Stumbles:
    """Counts for one pass."""

    def __init__(self) -> None:
        self._tries: dict[tuple[int, int], int] = {}
        self._lost: dict[tuple[int, int], list[Failure]] = {}
        self._in_a_row = 0  # requests that left nothing stored

    def stored(self) -> None:
        """A message went through: the link and the server are well."""
        self._in_a_row = 0

    def may_try(self, message: Ready) -> bool:
        """Whether a message that stumbled may be sent again in this pass."""
        key = _key(message)
        self._tries[key] = self._tries.get(key, 0) + 1
        return self._tries[key] < _TRIES

    def goes_on(self, these: Sequence[Ready], group: Sequence[Ready], failure: Failure) -> bool:
        """Whether to send others after these of a group stumbled.

        When it was the whole group, the link or the server is in trouble. But a message that had stumbled before and
        was sent alone may itself be what ends the connection: then the others get their turn.
        """
        again = [self.may_try(message) for message in these]
        if len(these) < len(group):
            return all(again)
        if not group[0].stumbled:
            return False
        if failure.in_doubt and failure.action is Action.RETRY and size_of(group[0]) > _LARGE:
            self._lost.setdefault(_key(group[0]), []).append(failure)
            return True
        self._in_a_row += 1
        return self._in_a_row < _TRIES and all(again)

    def verdict(self, message: Ready) -> str | None:
        """Why a message is not to be sent once more, if that is so.

        A large one that no connection outlives is larger than something on the way takes: each time it was looked up
        since, so that the server and the link are well.
        """
        lost = self._lost.get(_key(message), [])
        if len(lost) < _TRIES:
            return None
        return printable(
            f"no connection outlives it ({about(size_of(message))}, sent alone {len(lost)} times, not stored): "
            f"{lost[-1].sentence()}; see whether the destination, or a proxy before it, takes messages of this size, "
            "then run again with --retry-rejected"
        )


def _key(message: Ready) -> tuple[int, int]:
    return message.work.ledger.id, message.uid
