"""Whether the secrets of a batch can be had, before the first connection is made."""

from collections.abc import Iterator, Sequence

from core.batch.definition import Batch, Mailbox
from core.batch.logins import Login, destination_login, source_login
from core.batch.problem import Problem
from core.batch.prompt import answered
from core.batch.reference import Reference, ReferenceKind
from core.errors import SecretError


def check_secrets(batch: Batch, mailboxes: Sequence[Mailbox] | None = None) -> None:
    """See that every secret these mailboxes need (None: all) is there, and ask now what must be asked at the terminal.

    Variables and files are read, prompts asked; commands wait until they are needed, for they may be slow or counted.
    Raises SecretError with every problem, each with the file and the key that holds the reference; what several
    mailboxes lack is told once.
    """
    lacking: dict[str, list[str]] = {}  # what is wrong: the keys it is wrong for
    for login in _logins(batch, mailboxes):
        if Reference.parse(login.reference).kind is ReferenceKind.COMMAND:
            continue
        try:
            login.secret()
        except SecretError as error:
            for text in error.problems:
                lacking.setdefault(text, []).append(login.key)
    if lacking:
        raise SecretError(*(Problem(_first(keys), text).line(str(batch.file)) for text, keys in lacking.items()))


def unanswered(batch: Batch, mailboxes: Sequence[Mailbox] | None = None) -> tuple[str, ...]:
    """The texts that would be asked at the terminal, in the file's order, once each; `prompt.answer` answers them."""
    return tuple(text for text in prompts(batch, mailboxes) if not answered(text))


def prompts(batch: Batch, mailboxes: Sequence[Mailbox] | None = None) -> tuple[str, ...]:
    """The texts of all secrets that somebody types, answered or not."""
    parsed = (Reference.parse(login.reference) for login in _logins(batch, mailboxes))
    return tuple(dict.fromkeys(reference.rest for reference in parsed if reference.kind is ReferenceKind.PROMPT))


def _first(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else f"{keys[0]} and {len(keys) - 1} more"


def _logins(batch: Batch, mailboxes: Sequence[Mailbox] | None) -> Iterator[Login]:
    """Every login; one that mailboxes share comes once."""
    shared: set[str] = set()
    for mailbox in batch.mailboxes if mailboxes is None else mailboxes:
        for login in (source_login(batch, mailbox), destination_login(batch, mailbox)):
            if login.key not in shared:
                yield login
            if login.shared:
                shared.add(login.key)
