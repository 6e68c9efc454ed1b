"""What was moved to Exchange, read by DavMail: an EWS client that others have written."""

import email
from collections import Counter
from collections.abc import Iterable

from tests.sandbox.server import PracticeExchange
from tests.servers import mail
from tests.servers.davmail import Davmail
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record, sure
from tests.system.letters import letter
from tests.system.program import Program, to_exchange

FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Forwarded")
FOLDERS = ("INBOX", "Sent", "Drafts", "Trash", "Projects", "Projects/Old", "Caf&AOk- &- Bar", "a.b")


def records() -> list[Record]:
    """Every combination of three flags in every folder."""
    return [
        letter(
            f"letter {number}",
            folder=FOLDERS[number % len(FOLDERS)],
            flags=[flag for bit, flag in enumerate(FLAGS) if number >> (bit + 3) & 1],
            days=number,
            filler=100 * (number % 7),
        )
        for number in range(len(FOLDERS) << len(FLAGS))
    ]


def looks(found: Iterable[Record]) -> Counter[tuple[object, ...]]:
    """Where each message is, its flags, its date and its subject.

    Exchange keeps one verb, the last: a message that was answered and forwarded is an answered one there.
    """
    return Counter(
        (
            one.folder,
            one.flags & set(FLAGS) - ({"$Forwarded"} if "\\Answered" in one.flags else set()),
            one.received,
            email.message_from_bytes(one.data)["Subject"],
        )
        for one in found
    )


def test_davmail_finds_what_was_moved(
    program: Program, dovecot: Dovecot, exchange: PracticeExchange, davmail: Davmail, user: str, corpus: list[bytes]
) -> None:
    letters = records()
    real = [Record(data, "Corpus", frozenset({"\\Seen"} if number % 3 else ())) for number, data in enumerate(corpus)]
    real = [record for record in real if record.data][:100]
    dovecot.load(user, letters + real)
    address = f"{user}@new.example"
    exchange.add_mailbox(address, "secret")  # its owner signs in by himself
    migrated = program.migrate(program.batch(to_exchange(dovecot, exchange, user)))
    assert migrated.counts() == {"copied": len(letters) + len(real)}

    with davmail.client(address, "secret") as client:
        names = mail.folders(client)
        assert {*FOLDERS, "Corpus"} <= names.keys()
        assert {"\\Sent", "\\Drafts", "\\Trash"} <= {use for name in FOLDERS for use in names[name]}
        found = [record for name in FOLDERS for record in mail.read_folder(client, name)]
        assert looks(found) == looks(letters)
        for record in found:
            _, _, text = record.data.partition(b"\r\n\r\n")
            assert text.split(b"\r\n")[0].decode() == email.message_from_bytes(record.data)["Subject"]
        assert sure(client.select("Corpus", readonly=True)) == [b"%d" % len(real)]
        unseen = sure(client.uid("SEARCH", "UNSEEN"))[0].split()
        assert len(unseen) == sum("\\Seen" not in record.flags for record in real)
