"""A few hundred varied messages of our own making; the same ones in every run."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

PEOPLE = ("ann", "bernd", "chloe", "dmitri", "eiko")
DOMAIN = "old.example"
#: Oldest first; every mailbox has the same folders, the last one empty.
FOLDERS = (
    "INBOX",
    "Sent",
    "Drafts",
    "Trash",
    "Projects",
    "Projects/Bridge 2019",
    "Projects/Bridge 2020",
    "Kunden/Müller & Söhne",
    "Ärger und Freude",
    "Empty",
)
_EACH = 8
_FIRST = datetime(2017, 2, 3, 9, 15, tzinfo=UTC)
_WORDS = [
    "bridge",
    "concrete",
    "invoice",
    "minutes",
    "quarter",
    "schedule",
    "survey",
    "tender",
    "harbour",
    "permit",
    "delivery",
    "crane",
    "budget",
    "summer",
    "Pläne",
    "Prüfung",
    "Größe",
    "façade",
    "señal",
    "Łódź",
    "naïve",
    "会議",
    "図面",
    "встреча",
]


@dataclass(frozen=True, slots=True)
class Mail:
    """One message of one mailbox. `flags` are Maildir letters: S seen, R replied, F flagged, D draft, T trashed."""

    folder: str
    data: bytes
    flags: str
    received: datetime


def mailbox(person: str) -> Iterator[Mail]:
    """Everything in one person's mailbox."""
    chance = random.Random(person)
    moment = _FIRST
    number = 0
    for folder in FOLDERS[:-1]:
        for _ in range(_EACH + (24 if folder == "INBOX" else 0)):
            number += 1
            moment += timedelta(hours=chance.randint(1, 400), minutes=chance.randint(0, 59))
            make = _KINDS[number % len(_KINDS)]
            message = make(chance)
            _head(message, person, folder, moment, number, chance)
            flags = "".join(letter for letter, share in (("F", 0.1), ("R", 0.2), ("S", 0.7)) if chance.random() < share)
            if folder == "Drafts":
                flags = "DS"
            for place, part in enumerate(message.walk()):
                if part.get_content_maintype() == "multipart":  # else each run has boundaries of its own
                    part.set_boundary(f"=_{person}.{number}.{place}")
            data = message.as_bytes(policy=SMTP)
            if number % 23 == 0:  # some mail is not what the standards want
                data = data.replace(b"Message-ID:", b"X-Was-Message-ID:")
            yield Mail(folder, data, flags, moment)


def _head(
    message: EmailMessage, person: str, folder: str, moment: datetime, number: int, chance: random.Random
) -> None:
    other = chance.choice([name for name in PEOPLE if name != person])
    outgoing = folder in {"Sent", "Drafts"}
    sender, receiver = (person, other) if outgoing else (other, person)
    message["From"] = Address(sender.title(), sender, DOMAIN)
    message["To"] = Address(receiver.title(), receiver, DOMAIN)
    message["Date"] = moment - timedelta(seconds=chance.randint(1, 90))
    if number % 11:
        message["Subject"] = _words(chance, 3, 9)
    message["Message-ID"] = f"<{person}.{number}@{DOMAIN}>"
    if not outgoing:
        message["Received"] = f"from mx.{DOMAIN} by store.{DOMAIN}; {moment:%d %b %Y %H:%M:%S} +0000"


def _words(chance: random.Random, least: int, most: int) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(chance.randint(least, most)))


def _prose(chance: random.Random) -> str:
    return "\n\n".join(_words(chance, 20, 90) + "." for _ in range(chance.randint(1, 6))) + "\n"


def _plain(chance: random.Random) -> EmailMessage:
    message = EmailMessage()
    message.set_content(_prose(chance))
    return message


def _html(chance: random.Random) -> EmailMessage:
    message = _plain(chance)
    rows = "".join(f"<tr><td>{_words(chance, 2, 4)}</td><td>{chance.random():.3f}</td></tr>" for _ in range(30))
    message.add_alternative(f"<html><body><table>{rows}</table></body></html>", subtype="html")
    return message


def _attached(chance: random.Random) -> EmailMessage:
    message = _html(chance)
    data = chance.randbytes(chance.choice([2_000, 20_000, 90_000]))
    message.add_attachment(data, maintype="application", subtype="pdf", filename=f"{_words(chance, 1, 2)}.pdf")
    return message


def _forwarded(chance: random.Random) -> EmailMessage:
    inner = _attached(chance)
    inner["Subject"] = _words(chance, 2, 5)
    message = _plain(chance)
    message.add_attachment(inner)
    return message


def _invitation(chance: random.Random) -> EmailMessage:
    message = _plain(chance)
    summary = _words(chance, 2, 4)
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"SUMMARY:{summary}", "END:VEVENT", "END:VCALENDAR")
    event = "".join(f"{line}\r\n" for line in lines)
    message.add_alternative(event, subtype="calendar", params={"method": "REQUEST"})
    return message


def _large(chance: random.Random) -> EmailMessage:
    message = _plain(chance)
    message.add_attachment(
        chance.randbytes(chance.choice([150_000, 600_000])),
        maintype="image",
        subtype="jpeg",
        filename="harbour.jpg",
    )
    return message


_KINDS: tuple[Callable[[random.Random], EmailMessage], ...] = (
    _plain,
    _html,
    _plain,
    _attached,
    _html,
    _forwarded,
    _plain,
    _invitation,
    _html,
    _plain,
    _attached,
    _plain,
    _large,
)
