"""What people do to their mail at the source while it is migrated: plain imaplib, nothing of the program."""

from collections.abc import Iterator
from contextlib import contextmanager
from imaplib import IMAP4

from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record, quoted, sure


def flag(source: Dovecot, user: str, record: Record, change: str) -> None:
    """Change flags of a message: ``+FLAGS (\\Seen)``."""
    with _found(source, user, record) as (client, uid):
        sure(client.uid("STORE", uid, *change.split(" ", 1)))


def move(source: Dovecot, user: str, record: Record, folder: str) -> None:
    """Move a message to another folder, which is there."""
    with _found(source, user, record) as (client, uid):
        sure(client.uid("MOVE", uid, quoted(source.wire(*folder.split("/")))))


def delete(source: Dovecot, user: str, record: Record) -> None:
    """Delete a message for good."""
    with _found(source, user, record) as (client, uid):
        sure(client.uid("STORE", uid, "+FLAGS", r"(\Deleted)"))
        sure(client.expunge())


def rename(source: Dovecot, user: str, folder: str, to: str) -> None:
    """Rename a folder."""
    with source.client(user) as client:
        sure(client.rename(*(quoted(source.wire(*path.split("/"))) for path in (folder, to))))


def make_anew(source: Dovecot, user: str, folder: str) -> None:
    """Delete a folder and make it again with the same mail: new UIDs, and a new UIDVALIDITY."""
    name = source.wire(*folder.split("/"))
    held = [record for record in source.read(user) if record.folder == name]
    with source.client(user) as client:
        sure(client.delete(quoted(name)))
    source.load(user, held)


def renumber(server: Dovecot, user: str) -> None:
    """What a repaired server does: INBOX gets new UIDs and a new UIDVALIDITY. Nobody may be signed in."""
    with server.client(user) as client:
        sure(client.select(readonly=True))
        validity = int(client.response("UIDVALIDITY")[1][0])
    maildir = server.folder / "mail" / user / "Maildir"
    for file in maildir.glob("dovecot.index*"):
        file.unlink()
    # Only its first line; made from the clock, a new one might be the old one again.
    (maildir / "dovecot-uidlist").write_text(f"3 V{validity + 1} N101\n")


@contextmanager
def _found(source: Dovecot, user: str, record: Record) -> Iterator[tuple[IMAP4, str]]:
    """A session in the message's folder, and its UID."""
    (uid,) = [one.uid for one in source.read(user) if (one.folder, one.data) == (record.folder, record.data)]
    with source.client(user) as client:
        sure(client.select(quoted(record.folder)))
        yield client, str(uid)
