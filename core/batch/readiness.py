"""Whether the secrets of a batch can be had, before the first connection is made."""

from collections.abc import Iterator, Sequence

from core.batch.definition import Batch, Mailbox
from core.batch.logins import Login, destination_login, source_login
from core.batch.prompt import answered
from core.batch.reference import Reference, ReferenceKind
from core.errors import SecretError


def check_secrets(batch: Batch, mailboxes: Sequence[Mailbox] | None = None) -> None:
    """See that every secret these mailboxes need (None: all) is there, and ask now what must be asked at the terminal.

    Variables and files are read, prompts asked; commands wait until they are needed, for they may be slow or counted.
    Raises SecretError with every problem, each with the file and the key that holds the reference.
    """
    problems: list[str] = []
    for login in _logins(batch, mailboxes):
        if Reference.parse(login.reference).kind is ReferenceKind.COMMAND:
            continue
        try:
            login.password()
        except SecretError as error:
            problems += error.problems
    if problems:
        raise SecretError(*problems)


def unanswered(batch: Batch, mailboxes: Sequence[Mailbox] | None = None) -> tuple[str, ...]:
    """The texts that would be asked at the terminal, in the file's order, once each; `prompt.answer` answers them."""
    parsed = (Reference.parse(login.reference) for login in _logins(batch, mailboxes))
    texts = dict.fromkeys(reference.rest for reference in parsed if reference.kind is ReferenceKind.PROMPT)
    return tuple(text for text in texts if not answered(text))


def _logins(batch: Batch, mailboxes: Sequence[Mailbox] | None) -> Iterator[Login]:
    """Every login; one that mailboxes share comes once."""
    shared: set[str] = set()
    for mailbox in batch.mailboxes if mailboxes is None else mailboxes:
        for login in (source_login(batch, mailbox), destination_login(batch, mailbox)):
            if login.key not in shared:
                yield login
            if login.shared:
                shared.add(login.key)
