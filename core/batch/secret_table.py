"""Secrets that came with a list of mailboxes: one TOML file beside the batch file, which only its owner can read."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w

from core.batch.on_disk import replace
from core.batch.secret_file import table
from core.errors import SecretError
from core.printable import printable
from core.secret import Secret

_OWNER_ONLY = 0o600
#: What a reference cannot have in its key: it ends at the last #, and holds no control character.
_UNFIT = re.compile("[#\x00-\x1f\x7f-\x9f]")


def table_beside(batch_file: Path) -> Path:
    """Where the secrets of this batch file go."""
    return batch_file.with_name(f"{batch_file.stem}.passwords.toml")


def keep(path: Path, secrets: Sequence[tuple[str, Secret]]) -> list[str]:
    """Add secrets, each under the name it should have, to the file at `path`; the references to them, in their order.

    A name that the file has for another secret gets a number: nothing in the file is changed. References are relative
    to the file's own folder. Raises SecretError when the file cannot be read or written, or when others can read it.
    """
    known: dict[str, Any] = dict(table(path)) if path.exists() else {}
    before = len(known)
    references = []
    for wanted, secret in secrets:
        key = _key(wanted, secret, known)
        known[key] = secret.reveal()
        references.append(f"file:{path.name}#{key}")
    if len(known) > before:
        try:
            replace(path, tomli_w.dumps(known).encode(), mode=_OWNER_ONLY)
        except OSError as error:
            raise SecretError(printable(f"{path}: cannot be written: {error.strerror or error}")) from None
    return references


def _key(wanted: str, secret: Secret, known: dict[str, Any]) -> str:
    name = _UNFIT.sub("_", wanted).strip() or "mailbox"
    key, number = name, 1
    while key in known and known[key] != secret.reveal():
        number += 1
        key = f"{name} ({number})"
    return key
