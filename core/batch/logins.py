"""Who signs in where, and with which secret.

A mailbox's own password goes before an administrator's, so that one mailbox may be the exception.
"""

from dataclasses import dataclass
from pathlib import Path

from core.batch.definition import Admin, Batch, EwsDestination, Mailbox
from core.batch.secrets import resolve
from core.secret import Secret


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in. `username` is the mailbox's login or the service account's; with an `admin`, he signs in for it."""

    username: str
    reference: str
    base: Path  # where the reference's relative paths start
    place: tuple[str, ...]  # the key that holds the reference, from the top of the file or of its mailbox
    admin: Admin | None = None
    shared: bool = False  # every mailbox of the batch signs in with it

    def password(self) -> Secret:
        """The secret, read now. Raises SecretError."""
        return resolve(self.reference, base=self.base, user=self.admin.username if self.admin else self.username)


def source_login(batch: Batch, mailbox: Mailbox) -> Login:
    """How this mailbox is signed in to at the source."""
    return _imap(batch, "source", batch.source.admin, mailbox.source, ("password", mailbox.password))


def destination_login(batch: Batch, mailbox: Mailbox) -> Login:
    """How the destination is signed in to: as the mailbox itself, by an administrator, or by the service account."""
    destination = batch.destination
    own = ("destination_password", mailbox.destination_password)
    username = mailbox.destination_username or mailbox.destination
    if not isinstance(destination, EwsDestination):
        return _imap(batch, "destination", destination.admin, username, own)
    if destination.access == "direct":
        return _imap(batch, "destination", None, username, own)
    assert destination.username is not None, "a batch without is refused"
    assert destination.password is not None, "a batch without is refused"
    return Login(
        destination.username, destination.password, batch.file.parent, ("destination", "password"), shared=True
    )


def _imap(batch: Batch, side: str, admin: Admin | None, username: str, own: tuple[str, str | None]) -> Login:
    key, reference = own
    if reference is not None:
        return Login(username, reference, batch.file.parent, (key,))
    assert admin is not None, "a batch without is refused"
    return Login(username, admin.password, batch.file.parent, (side, "admin", "password"), admin, shared=True)
