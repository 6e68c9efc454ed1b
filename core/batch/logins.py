"""Who signs in where, and with which secret.

A mailbox's own password goes before an administrator's, so that one mailbox may be the exception.
"""

from dataclasses import dataclass
from pathlib import Path

from core.batch.definition import Admin, Batch, EwsDestination, Mailbox
from core.batch.problem import Problem, shown
from core.batch.secrets import resolve
from core.errors import SecretError
from core.secret import Secret


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in. `username` is the mailbox's login or the service account's; with an `admin`, he signs in for it."""

    username: str
    reference: str
    file: Path  # the batch file: relative paths start in its folder
    key: str  # which key holds the reference, as errors name it
    admin: Admin | None = None
    shared: bool = False  # every mailbox of the batch signs in with it

    def secret(self) -> Secret:
        """The secret, read now. Raises SecretError, which names the reference only."""
        user = self.admin.username if self.admin else self.username
        return resolve(self.reference, base=self.file.parent, user=user)

    def password(self) -> Secret:
        """As `secret`, but each line of its SecretError names the batch file and the key as well."""
        try:
            return self.secret()
        except SecretError as error:
            raise SecretError(*(Problem(self.key, text).line(str(self.file)) for text in error.problems)) from None


def source_login(batch: Batch, mailbox: Mailbox) -> Login:
    """How the source is signed in to: as the mailbox itself, or by an administrator."""
    own = _own(batch, mailbox, "password", mailbox.source, mailbox.password)
    return own or _by_admin(batch, "source", batch.source.admin, mailbox.source)


def destination_login(batch: Batch, mailbox: Mailbox) -> Login:
    """How the destination is signed in to: as the mailbox itself, by an administrator, or by the service account."""
    destination = batch.destination
    username = mailbox.destination_username or mailbox.destination
    own = _own(batch, mailbox, "destination_password", username, mailbox.destination_password)
    if own is not None:
        return own
    if not isinstance(destination, EwsDestination):
        return _by_admin(batch, "destination", destination.admin, username)
    assert destination.username is not None, "a batch without is refused"
    assert destination.password is not None, "a batch without is refused"
    return Login(destination.username, destination.password, batch.file, "destination.password", shared=True)


def _own(batch: Batch, mailbox: Mailbox, key: str, username: str, reference: str | None) -> Login | None:
    if reference is None:
        return None
    return Login(username, reference, batch.file, f"{key} of {shown(mailbox.source)}")


def _by_admin(batch: Batch, side: str, admin: Admin | None, username: str) -> Login:
    assert admin is not None, "a batch without is refused"
    return Login(username, admin.password, batch.file, f"{side}.admin.password", admin, shared=True)
