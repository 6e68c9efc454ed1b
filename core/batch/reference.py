"""Secret references: how they are written. What they yield is found by `core.batch.secrets`."""

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from core.batch.values import has_control

ALLOWED = 'allowed: "env:NAME", "file:PATH", "file:PATH#KEY", "command:ARGV" or "prompt:TEXT"'

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class ReferenceKind(StrEnum):
    """Where a secret is kept."""

    ENV = "env"
    FILE = "file"
    COMMAND = "command"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Reference:
    """One secret reference, taken apart. `argv` is a command's words, before `{user}` is filled in."""

    kind: ReferenceKind
    rest: str  # what follows the colon; of a file without its key
    key: str | None = None  # of a file: which entry of its TOML table
    argv: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As an error names it. Of a command its program only: an argument may be a secret after all."""
        if self.kind is ReferenceKind.COMMAND:
            return f"command:{self.argv[0]}{' ...' if len(self.argv) > 1 else ''}"
        return f"{self.kind}:{self.rest}" if self.key is None else f"{self.kind}:{self.rest}#{self.key}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a reference apart. ValueError says what is wrong and what is allowed, and never repeats the text:
        it may be a password that was pasted here.
        """
        word, colon, rest = text.partition(":")
        if colon and word == "keyring":
            raise ValueError(f"keyring: is not built yet; {ALLOWED}")
        if not colon or word not in set(ReferenceKind):
            raise ValueError(f"is not a secret reference, and a secret itself never stands in this file; {ALLOWED}")
        if has_control(rest):
            raise ValueError(f"holds a control character; {ALLOWED}")
        if not rest.strip():
            raise ValueError(f"names nothing after {word}:; {ALLOWED}")
        match ReferenceKind(word):
            case ReferenceKind.ENV:
                return cls._env(rest)
            case ReferenceKind.FILE:
                return cls._file(rest)
            case ReferenceKind.COMMAND:
                return cls._command(rest)
            case ReferenceKind.PROMPT:
                return cls(ReferenceKind.PROMPT, rest)

    @classmethod
    def _env(cls, rest: str) -> Self:
        if _NAME.fullmatch(rest) is None:
            raise ValueError("names no variable after env:; allowed: letters, digits and _, such as env:ANN_PASSWORD")
        return cls(ReferenceKind.ENV, rest)

    @classmethod
    def _file(cls, rest: str) -> Self:
        path, hash_sign, key = rest.rpartition("#")
        if not hash_sign:
            return cls(ReferenceKind.FILE, rest)
        if not path or not key:
            raise ValueError("names no file before # or no key after it; allowed: file:PATH or file:PATH#KEY")
        return cls(ReferenceKind.FILE, path, key)

    @classmethod
    def _command(cls, rest: str) -> Self:
        try:
            argv = tuple(shlex.split(rest))
        except ValueError:
            raise ValueError("has a quote that is not closed; allowed: command:ARGV, quoted as for a shell") from None
        if not argv or not argv[0]:
            raise ValueError("names no program after command:; allowed: command:ARGV such as command:pass show {user}")
        return cls(ReferenceKind.COMMAND, rest, argv=argv)


def check_reference(text: str) -> str:
    """The reference itself, when it is written as one; ValueError says what is wrong."""
    Reference.parse(text)
    return text
