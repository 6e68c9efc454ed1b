"""From the bytes of a CSV file to its records, each with the line it begins on.

Spreadsheets write UTF-8 with or without a mark, UTF-16 ("Unicode text"), commas, semicolons or tabs, CRLF, empty rows
and a first line ``sep=;``. All of that is taken. Text in any other encoding is refused: it holds passwords, and a
guessed letter is a refused sign-in.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.batch.problem import Problem, ProblemsError
from core.errors import BatchFileError
from core.printable import printable

#: Microsoft's limits.
LARGEST = 10 << 20
MOST_ROWS = 50_000

_SEPARATORS = ",;\t"
_TOLD = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `line` counts from 1."""

    line: int
    fields: tuple[str, ...]


def at_line(number: int, text: str) -> Problem:
    """A problem of a line."""
    return Problem(f"line {number}", text)


def read(path: Path) -> str:
    """The text of a CSV file. Raises BatchFileError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise BatchFileError(printable(f"{path}: cannot be read: {reason}")) from None
    try:
        return decoded(data)
    except ProblemsError as error:
        raise BatchFileError(*(problem.line(str(path)) for problem in error.problems)) from None


def decoded(data: bytes) -> str:
    """The text in a CSV file's bytes. Raises ProblemsError."""
    if len(data) > LARGEST:
        raise ProblemsError([Problem("", "is larger than 10 MB; divide it into several batches")])
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data[1:2] == b"\0":
        encoding = "utf-16-le"
    elif data[:1] == b"\0":
        encoding = "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise ProblemsError([Problem("", "is broken UTF-16; save it as UTF-8")]) from None
        line = data.count(b"\n", 0, error.start) + 1
        raise ProblemsError([at_line(line, 'is not UTF-8; save the file as "CSV UTF-8"')]) from None
    if "\0" in text:
        raise ProblemsError([at_line(text.count("\n", 0, text.index("\0")) + 1, "holds a NUL character; is it a CSV?")])
    return text


def told_separator(text: str) -> tuple[str | None, str]:
    """The separator that a first line such as ``sep=;`` tells, and the text with that line left empty."""
    first, end, rest = text.partition("\n")
    found = _TOLD.fullmatch(first.strip("\r "))
    return (None, text) if found is None else (found[1], f"{end}{rest}")


def first_line(text: str) -> str:
    """The first line that has anything on it but separators and blanks."""
    lines = (line.strip("\r") for line in text.split("\n"))
    return next((line for line in lines if line.strip(f'{_SEPARATORS}" ')), "")


def likely_separator(line: str) -> str:
    """The separator that stands on this line most often."""
    return max(_SEPARATORS, key=line.count)


def records(text: str, separator: str) -> Iterator[Record]:
    """The records of a table as spreadsheets write it (RFC 4180), without those that have nothing in any field.

    Where blanks follow the separators of the first record, they follow all of them. Raises ProblemsError for a
    quotation mark that is not closed.
    """
    blank_after = f"{separator} " in first_line(text)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=blank_after)
    begins = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield Record(begins, tuple(fields))
            begins = reader.line_num + 1
    except csv.Error:
        cure = 'a value with one in it is written in quotes, with each doubled: "like ""this"""'
        raise ProblemsError([at_line(begins, f"a quotation mark is wrong or never closed; {cure}")]) from None


def bare_records(text: str) -> Iterator[Record]:
    """The lines of imapsync's own files: values with ; between them, nothing quoted, comments after a # in front."""
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.removesuffix("\r")
        if bare.strip() and not bare.startswith("#"):
            yield Record(number, tuple(bare.split(";")))
