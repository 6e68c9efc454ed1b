"""Messages to write, what is in doubt about them, and what became of them."""

from collections.abc import Sequence
from datetime import datetime

from core.mail.body import Body
from core.mail.fingerprint import folded
from core.mail.flags import Flags
from core.ports.destination import Destination, DestinationFolder, Doubt, Outgoing, Written
from core.ports.failure import Action
from tests.servers.mail import WHEN


def mails(count: int) -> list[bytes]:
    """Small messages, no two alike."""
    return [
        b"Message-ID: <%d@example.org>\r\nSubject: %d\r\n\r\ntext\r\n" % (number, number) for number in range(count)
    ]


def outgoing(*messages: bytes, flags: Sequence[str] = (), received: datetime | None = WHEN) -> list[Outgoing]:
    """These bytes on their way, with tokens by their places."""
    return [
        Outgoing(f"1:a:b:7:{uid}", Body.of(message), Flags.of(flags), received) for uid, message in enumerate(messages)
    ]


def doubts(batch: Sequence[Outgoing], mark: str) -> list[Doubt]:
    """All of a batch in doubt."""
    return [Doubt(one.token, mark, one.received, folded(one.body), one.body.size) for one in batch]


def said(written: Sequence[Written]) -> list[tuple[Action, bool] | None]:
    """None for what was stored, else what to do and whether it is in doubt."""
    return [None if one.failure is None else (one.failure.action, one.failure.in_doubt) for one in written]


def wrote(destination: Destination, folder: DestinationFolder, batch: Sequence[Outgoing]) -> list[Written]:
    """Write a batch, and once more what was refused together, which is not there."""
    answers = list(destination.write(folder, batch))
    again = [place for place, answer in enumerate(answers) if answer.failure is not None and answer.failure.together]
    for place, answer in zip(again, destination.write(folder, [batch[place] for place in again]), strict=True):
        answers[place] = answer
    return answers
