"""A new batch from a list of mailboxes in CSV and a batch that it is to be like in all else."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.batch import csv, csv_text
from core.batch.definition import check
from core.batch.from_list import Taken, taken
from core.batch.load import read, tables
from core.batch.problem import Problem, ProblemsError, key_path
from core.batch.reference import ReferenceKind
from core.batch.save import save
from core.batch.secret_table import table_beside
from core.errors import BatchFileError
from core.printable import printable

#: Where in the tables a secret is referred to, besides [[mailboxes]].
_SECRETS = (("source", "admin", "password"), ("destination", "password"), ("destination", "admin", "password"))
_FILES = (("source", "ca_file"), ("destination", "ca_file"))


@dataclass(frozen=True, slots=True)
class Imported:
    """What was made: `passwords` is the file that `secrets` secrets went into, None where there are none."""

    file: Path
    name: str
    mailboxes: int
    passwords: Path | None
    secrets: int
    notes: tuple[str, ...]


def import_list(file: Path, like: Path, out: Path) -> Imported:
    """Write the batch `out`, like the batch `like` but with the mailboxes of the list `file`.

    Its name is that of its file. `like` needs no [[mailboxes]]; paths in it are understood from where it lies. Secrets
    go into a file of their own beside `out`. Raises BatchFileError with all problems of both files, or when `out` or
    that file is there already, and SecretError when it cannot be written; then nothing is left behind.
    """
    passwords = table_beside(out)
    base = tables(read(like), like)
    found = _found(file, like, base)
    table = _moved({**base, "name": out.stem, "mailboxes": found.unkept()}, like, out)
    problems = [problem.line(str(file)) for problem in found.problems]
    batch = None
    try:
        batch = check(table).at(out)
    except ProblemsError as error:
        told = found.explained(error.problems)
        problems += (problem.line(str(_whose(problem, file, like, out))) for problem in told)
    problems += _in_the_way(out, passwords if found.secrets else None)
    if problems or batch is None:
        raise BatchFileError(*problems)
    table["mailboxes"] = found.keep(passwords)
    try:
        save(check(table), out)
    except BaseException:
        if found.secrets:
            passwords.unlink(missing_ok=True)
        raise
    notes = [*found.notes, *_elsewhere(base, like, out)]
    if found.secrets:
        notes.append(printable(f"{file} still holds the passwords; remove it once the batch works"))
    return Imported(out, batch.name, len(found.rows), passwords if found.secrets else None, found.secrets, tuple(notes))


def _found(file: Path, like: Path, base: Mapping[str, Any]) -> Taken:
    """What the list means. Raises BatchFileError, with what is wrong with `like` besides."""
    try:
        listed = csv.mailboxes(csv_text.read(file))
    except ProblemsError as error:
        problems = [problem.line(str(file)) for problem in error.problems]
        try:
            check(base)
        except ProblemsError as more:
            ours = [problem for problem in more.problems if not problem.key.startswith(("mailboxes", "name"))]
            problems += (problem.line(str(like)) for problem in ours)
        raise BatchFileError(*problems) from None
    return taken(listed, _table(base, "source"), _table(base, "destination"))


def _whose(problem: Problem, file: Path, like: Path, out: Path) -> Path:
    """The file that a problem is to be mended in."""
    if problem.key == "name":
        return out
    return file if problem.key.startswith("line ") else like


def _in_the_way(out: Path, passwords: Path | None) -> Iterator[str]:
    if out.suffix != ".toml":
        yield printable(f"{out}: is no name for a batch file; let it end in .toml")
    for path in filter(None, (out, passwords)):
        if path.exists() or path.is_symlink():
            yield printable(f"{path}: is there already, and is not overwritten; name another file with --out")


def _moved(table: dict[str, Any], like: Path, out: Path) -> dict[str, Any]:
    """The tables with paths that mean the same files from another folder."""
    if like.absolute().parent == out.absolute().parent:
        return table
    moved = copy.deepcopy(table)
    for *place, key in (*_FILES, *_SECRETS):
        inner = moved
        for name in place:
            inner = _table(inner, name)
        value = inner.get(key)
        if not isinstance(value, str):
            continue
        prefix = "" if (*place, key) in _FILES else f"{ReferenceKind.FILE}:"
        if value.startswith(prefix):
            inner[key] = prefix + str(like.absolute().parent / value.removeprefix(prefix))
    return moved


def _elsewhere(base: Mapping[str, Any], like: Path, out: Path) -> Iterator[str]:
    """Commands that will run in another folder than before."""
    if like.absolute().parent == out.absolute().parent:
        return
    for *place, key in _SECRETS:
        inner = base
        for name in place:
            inner = _table(inner, name)
        if str(inner.get(key, "")).startswith(f"{ReferenceKind.COMMAND}:"):
            yield f"{key_path((*place, key))}: its command runs in the folder of {out} from now on"


def _table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}
