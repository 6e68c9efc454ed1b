"""Every error that may end a command, and the exit code it ends with.

    MailcutoverError
    ├── UserError ......... 2   the user can mend it: shown without a traceback
    │   ├── BatchFileError      a batch file with problems, all of them at once
    │   ├── SecretError         a secret reference that yields nothing
    │   └── StateError          a state folder or store that cannot be used
    └── HeldError ......... 4   another process holds the batch or the pair
        └── FencedError         it took them over while we stood still: nothing more may be written or sent

What a server says is not here: `core.ports.failure` says what to do about it.
Anything else that escapes is a fault of our own: exit code 70 and a crash file.
"""

from collections.abc import Sequence

EXIT_DONE = 0
EXIT_UNFINISHED = 1
EXIT_USAGE = 2
EXIT_STOPPED = 3
EXIT_HELD = 4
EXIT_FAULT = 70


class MailcutoverError(Exception):
    """The root of the tree above."""

    exit_code = EXIT_FAULT


class UserError(MailcutoverError):
    """Something that the user can mend; `problems` are whole sentences, one a line, each: what, where, cure."""

    exit_code = EXIT_USAGE

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems


class BatchFileError(UserError):
    """A batch file that cannot be used. Each problem names the file, the key and what is allowed."""


class SecretError(UserError):
    """A secret reference that yields no secret. The text names the reference, never a secret."""


class StateError(UserError):
    """The state folder or the store in it cannot be used."""


class HeldError(MailcutoverError):
    """Another process holds what we wanted; the text says which process, where and since when."""

    exit_code = EXIT_HELD


class FencedError(HeldError):
    """The lease was taken over while this process stood still; the ledger accepts nothing from it any more."""
