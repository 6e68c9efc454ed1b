"""Lists of mailboxes in CSV: Microsoft's for IMAP migrations, and imapsync's.

Microsoft: a header ``EmailAddress,UserName,Password[,UserRoot]``, each name as it is written here but for its case, in
any order and none besides; as many fields in each row; 50,000 rows and 10 MB at most (csv-files-for-imap-migrations).
imapsync: lines ``host1;user1;password1;host2;user2;password2;`` without a header, in which a quotation mark is a letter
(its examples/file.txt and sync_loop_unix.sh); or a table of a spreadsheet with these six names as its header.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.batch.csv_text import (
    MOST_ROWS,
    Record,
    at_line,
    bare_records,
    first_line,
    likely_separator,
    records,
    told_separator,
)
from core.batch.problem import Problem, ProblemsError, nearest, shown
from core.batch.values import has_control
from core.secret import Secret


@dataclass(frozen=True, slots=True)
class Layout:
    """Whose list it is. `meaning` has its columns, and the field of a `Listed` that each fills."""

    owner: str
    meaning: Mapping[str, str]
    optional: frozenset[str] = frozenset()

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that must be there, in their usual order."""
        return tuple(column for column in self.meaning if column not in self.optional)

    def column(self, field: str) -> str:
        """The column that fills this field of a `Listed`; the field's own name where there is none."""
        return next((column for column, filled in self.meaning.items() if filled == field), field)


MICROSOFT = Layout(
    "Microsoft",
    {"EmailAddress": "destination", "UserName": "source", "Password": "password", "UserRoot": "root"},
    optional=frozenset({"UserRoot"}),
)
IMAPSYNC = Layout(
    "imapsync",
    {
        "host1": "source_host",
        "user1": "source",
        "password1": "password",
        "host2": "destination_host",
        "user2": "destination",
        "password2": "destination_password",
    },
)
_LAYOUTS = (MICROSOFT, IMAPSYNC)


@dataclass(frozen=True, slots=True)
class Listed:
    """One mailbox of a list, as it stands on `line`; what is not given is empty or None."""

    line: int
    source: str
    destination: str
    password: Secret | None = None
    destination_password: Secret | None = None
    root: str = ""
    source_host: str = ""
    destination_host: str = ""


@dataclass(frozen=True, slots=True)
class MailboxList:
    """A list of mailboxes: whose layout it has, and what should be looked at though it is allowed."""

    layout: Layout
    mailboxes: Sequence[Listed]
    notes: Sequence[str]


_SECRETS = frozenset({"password", "destination_password"})
#: What Excel writes in place of a formula that it could not work out, and that was a value once.
_EXCEL_ERRORS = frozenset({"#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!"})
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d+")


def mailboxes(text: str) -> MailboxList:
    """The mailboxes of a list. Raises ProblemsError with every problem, each with its line; none shows a secret."""
    separator, text = told_separator(text)
    head = first_line(text)
    if not head:
        raise ProblemsError([Problem("", "is empty; it needs a header and one row for each mailbox")])
    separator = separator or likely_separator(head)
    layout = None if head.startswith("#") else _names(head.split(separator))
    if layout is not None:
        table = records(text, separator)
        header = next(table)
        return _listed(layout, _header(layout, header), table)
    if head.startswith("#") or head.count(";") >= 5:
        return _listed(IMAPSYNC, IMAPSYNC.required, bare_records(text), bare=True)
    raise ProblemsError(
        [
            at_line(
                1,
                "is the beginning of no list that is known; allowed: Microsoft's header "
                "EmailAddress,UserName,Password[,UserRoot], or imapsync's lines "
                "host1;user1;password1;host2;user2;password2;",
            )
        ]
    )


def _names(fields: Iterable[str]) -> Layout | None:
    """Whose header this is, as far as it is written right."""
    known = {_folded(field) for field in fields}
    for layout in _LAYOUTS:
        if len(known & {_folded(column) for column in layout.meaning}) > 1:
            return layout
    return None


def _folded(name: str) -> str:
    return re.sub(r"[\s_\"-]", "", name).lower()


def _header(layout: Layout, record: Record) -> tuple[str, ...]:
    """The columns, in their order. One without a name is "": it must be empty in every row."""
    columns, problems = [], []
    meant: set[str | None] = set()
    exact = {column.lower(): column for column in layout.meaning}
    for field in record.fields:
        name = field.strip()
        column = exact.get(name.lower(), "")
        if column and column in columns:
            problems.append(at_line(record.line, f"has two columns {column}; leave one out"))
        elif name and not column:
            near = _nearest(name, layout)
            meant.add(near)
            cure = f"did you mean {near}?" if near else f"allowed: {', '.join(layout.meaning)}"
            problems.append(at_line(record.line, f"unknown column {shown(name)}; {cure}"))
        columns.append(column)
    missing = [column for column in layout.required if column not in columns and column not in meant]
    if missing:
        problems.append(at_line(record.line, f"has no column {' and no '.join(missing)}; write it as it stands here"))
    if problems:
        raise ProblemsError(problems)
    return tuple(columns)


def _nearest(name: str, layout: Layout) -> str | None:
    """The column that was probably meant."""
    folded = {_folded(column): column for column in layout.meaning}
    near = nearest(_folded(name), tuple(folded))
    return folded[near] if near else None


def _listed(layout: Layout, header: Sequence[str], rows: Iterable[Record], *, bare: bool = False) -> MailboxList:
    found: list[Listed] = []
    problems: list[Problem] = []
    notes: list[str] = []
    try:
        for row in rows:
            if len(found) == MOST_ROWS:
                problems.append(at_line(row.line, f"is row {MOST_ROWS + 1:,}; divide the list into several batches"))
                break
            told = list(_spoilt(row, header, bare=bare))
            problems += told
            if not told:
                notes += _notes(row, header, bare=bare)
                found.append(_mailbox(layout, row, header))
    except ProblemsError as error:
        problems += error.problems
    if not found and not problems:
        problems.append(Problem("", "has no row below its header; write one for each mailbox"))
    if problems:
        raise ProblemsError(problems)
    return MailboxList(layout, found, notes)


def _spoilt(row: Record, header: Sequence[str], *, bare: bool) -> Iterator[Problem]:
    """What is wrong with a row as such, whatever its values mean."""
    if bare:
        yield from _spoilt_line(row, len(header))
        rest = row.fields[: len(header)]
    elif len(row.fields) != len(header):
        cure = "a value with the separator in it needs quotes"
        yield at_line(row.line, f"has {len(row.fields)} fields where the header has {len(header)}; {cure}")
        return
    else:
        rest = row.fields
    for column, value in zip(header, rest, strict=False):
        text = value.strip()
        if not column and text:
            yield at_line(row.line, "has a value in a column without a name; name the column or leave it out")
        elif text in _EXCEL_ERRORS:
            yield at_line(row.line, f"{column}: {text} is what Excel wrote over the value; format the column as text")
        elif has_control(value):
            yield at_line(row.line, f"{column}: holds a control character; allowed: text on one line")
        elif column and _formula(text, secret=_secret(column)):
            what = "is" if _secret(column) else f"{shown(text)} is"
            yield at_line(row.line, f"{column}: {what} a formula; save the list with values in its place")


def _spoilt_line(row: Record, least: int) -> Iterator[Problem]:
    """What is wrong with a line of imapsync's own."""
    if len(row.fields) < least:
        yield at_line(row.line, f"has {len(row.fields)} fields; allowed: host1;user1;password1;host2;user2;password2;")
    if any(field.strip() for field in row.fields[least:]):
        # Not shown: an option may hold a password.
        yield at_line(row.line, "has options of imapsync after password2; take them away, [options] are the batch's")
    for column, value in zip(IMAPSYNC.required, row.fields, strict=False):
        if value.startswith('"'):
            cure = "in imapsync's lines it belongs to the value; with a header above, it encloses one"
            yield at_line(row.line, f"{column}: begins with a quotation mark; {cure}")


def _formula(text: str, *, secret: bool) -> bool:
    """Whether it is one that a spreadsheet has left. A password may begin with = by itself, but not be ="..."."""
    return text.startswith('="') and text.endswith('"') if secret else text.startswith("=")


def _notes(row: Record, header: Sequence[str], *, bare: bool) -> Iterator[str]:
    """What is allowed, but may be a slip."""
    for column, value in zip(header, row.fields, strict=False):
        if not column or not _secret(column):
            continue
        if value != value.strip():
            yield f"line {row.line}: {column} begins or ends with a blank, which is kept"
        if _ROUNDED.fullmatch(value):
            yield f"line {row.line}: {column} looks like a number that Excel has rounded"
        if bare and "\\" in value:
            yield f"line {row.line}: {column} has a backslash, which is kept (a shell's `read` takes it away)"


def _secret(column: str) -> bool:
    return any(layout.meaning.get(column) in _SECRETS for layout in _LAYOUTS)


def _mailbox(layout: Layout, row: Record, header: Sequence[str]) -> Listed:
    values = {layout.meaning[column]: value for column, value in zip(header, row.fields, strict=False) if column}
    secrets = {key: Secret(value) if value.strip() else None for key, value in values.items() if key in _SECRETS}
    texts = {key: value.strip() for key, value in values.items() if key not in _SECRETS}
    return Listed(line=row.line, **texts, **secrets)  # type: ignore[arg-type]
