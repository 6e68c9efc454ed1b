"""The [[mailboxes]] that a list in CSV means for a batch: whose login each is, and which passwords it needs."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.batch.csv import IMAPSYNC, Listed, MailboxList
from core.batch.csv_text import at_line
from core.batch.problem import Problem, shown
from core.batch.secret_table import keep
from core.secret import Secret

#: One of [[mailboxes]], with the secrets themselves where the file has references to them.
Row = dict[str, str | Secret]

#: Stands for a reference that will be there when the secrets are kept.
_SOME_REFERENCE = "file:passwords.toml#ann"
_PLACE = re.compile(r"mailboxes\[(\d+)\](?:\.(\w+))?")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a list means. `lines` has the line of each row; `notes` what should be looked at though it is allowed."""

    listed: MailboxList
    rows: Sequence[Row]
    lines: Sequence[int]
    notes: Sequence[str]
    problems: Sequence[Problem]

    def unkept(self) -> list[dict[str, str]]:
        """The rows as they can be checked before anything is written."""
        return [
            {key: _SOME_REFERENCE if isinstance(value, Secret) else value for key, value in row.items()}
            for row in self.rows
        ]

    def keep(self, path: Path) -> list[dict[str, str]]:
        """The rows as the batch file says them, once their secrets are in the file at `path`. Raises SecretError."""
        secrets = [
            (f"to {row['destination']}" if key == "destination_password" else str(row["source"]), value)
            for row in self.rows
            for key, value in row.items()
            if isinstance(value, Secret)
        ]
        references = iter(keep(path, secrets) if secrets else ())
        return [
            {key: next(references) if isinstance(value, Secret) else value for key, value in row.items()}
            for row in self.rows
        ]

    @property
    def secrets(self) -> int:
        """How many secrets there are to be kept."""
        return sum(isinstance(value, Secret) for row in self.rows for value in row.values())

    def explained(self, problems: Sequence[Problem], ahead: int = 0) -> list[Problem]:
        """Problems of a batch whose [[mailboxes]], after `ahead` others, are these rows: those of rows by their lines.

        What is wrong with all of them alike is told once.
        """
        told: list[Problem] = []
        columnless: set[str] = set()
        for problem in problems:
            place = _PLACE.match(problem.key)
            number = int(place[1]) - 1 - ahead if place else -1
            if place is None or not 0 <= number < len(self.rows):
                told.append(problem)
                continue
            key = place[2] or ""
            column = self.listed.layout.column(key)
            if key == "password":  # missing, which is told already
                continue
            if key and column == key:
                if key not in columnless:
                    columnless.add(key)
                    told.append(at_line(self.lines[number], f"{key}: {problem.text}; this list has no column for it"))
                continue
            told.append(at_line(self.lines[number], f"{column}: {problem.text}" if column else problem.text))
        return told


def taken(listed: MailboxList, source: Mapping[str, Any], destination: Mapping[str, Any]) -> Taken:
    """The mailboxes of a list for a batch with this [source] and [destination], as far as these are right.

    A login that `source.admin.style` makes of the administrator's and the user's, as Microsoft's lists have them, is
    taken apart again: the administrator has his own password.
    """
    admin = _table(source, "admin")
    direct = destination.get("kind") == "imap" or destination.get("access") == "direct"
    users = list(_users(listed.mailboxes, admin))
    problems = [*_other_hosts(listed, source, destination)]
    notes = list(listed.notes)
    rows: list[Row] = []
    lines: list[int] = []
    seen: dict[tuple[str, str], int] = {}
    left_out: Counter[str] = Counter()
    for mailbox, user in zip(listed.mailboxes, users, strict=True):
        row: Row = {"source": mailbox.source if user is None else user, "destination": mailbox.destination}
        repeated = list(_repeated(mailbox, row, seen, listed))
        problems += repeated
        if repeated:
            continue
        if mailbox.root:
            row["root"] = mailbox.root
        if user is not None:
            left_out["password"] += mailbox.password is not None
        elif mailbox.password is not None:
            row["password"] = mailbox.password
        elif "admin" not in source:
            what = f"{listed.layout.column('password')}: is empty for {shown(row['source'])}"
            problems.append(at_line(mailbox.line, f"{what}; give it, or let one [source.admin] sign in for all"))
        if mailbox.destination_password is not None:
            if direct:
                row["destination_password"] = mailbox.destination_password
            else:
                left_out["destination_password"] += 1
        rows.append(row)
        lines.append(mailbox.line)
    notes += _told(admin, rows, left_out)
    return Taken(listed, rows, lines, notes, problems)


def _users(mailboxes: Sequence[Listed], admin: Mapping[str, Any]) -> Iterator[str | None]:
    """For each mailbox the user in its login, where that is an administrator's; None where it is its own."""
    username, style = admin.get("username"), admin.get("style", "authzid")
    if not isinstance(username, str) or not isinstance(style, str) or "{admin}" not in style:
        yield from (None for _ in mailboxes)
        return
    parts = [re.escape(part) for part in style.replace("{admin}", username).split("{user}")]
    pattern = re.compile("(.+)".join(parts[:2]) + "".join(rf"\1{part}" for part in parts[2:]))
    # Everybody's folders in one tree: the folder that is the user's names him, as long as no two are called alike.
    last = Counter(mailbox.root.strip("/").rpartition("/")[2] for mailbox in mailboxes)
    unique = max(last.values(), default=0) <= 1
    for mailbox in mailboxes:
        found = pattern.fullmatch(mailbox.source)
        if found is None:
            yield None
        elif found.groups():
            yield found[1]
        else:
            root = mailbox.root.strip("/")
            yield (root.rpartition("/")[2] if unique else root) or None


def _repeated(mailbox: Listed, row: Row, seen: dict[tuple[str, str], int], listed: MailboxList) -> Iterator[Problem]:
    """A login or an address that an earlier line has, too. Logins may differ by case alone, addresses may not."""
    for key, name in (("source", str(row["source"])), ("destination", str(row["destination"]).lower())):
        line = seen.setdefault((key, name), mailbox.line) if name else mailbox.line
        if line != mailbox.line:
            column = listed.layout.column(key)
            cure = "give each mailbox once"
            if key == "source" and mailbox.root:
                cure = 'one login for all goes into [source.admin], with style = "{admin}"'
            yield at_line(mailbox.line, f"{column}: {shown(row[key])} is on line {line} already; {cure}")


def _other_hosts(listed: MailboxList, source: Mapping[str, Any], destination: Mapping[str, Any]) -> Iterator[Problem]:
    """Servers of imapsync's lines that are not the batch's; each is told once."""
    if listed.layout is not IMAPSYNC:
        return
    imap = destination.get("kind", "ews") == "imap"
    ends = [("host1", "source_host", "source", source.get("host"))]
    if imap:  # Exchange may have one host for IMAP and another for its web services
        ends.append(("host2", "destination_host", "destination", destination.get("host")))
    for column, field, side, ours in ends:
        if not isinstance(ours, str):
            continue
        lines: dict[str, list[int]] = {}
        for mailbox in listed.mailboxes:
            lines.setdefault(getattr(mailbox, field).lower().rstrip("."), []).append(mailbox.line)
        for host, where in lines.items():
            if host and host != ours.lower().rstrip("."):
                more = f" (and on {len(where) - 1} more)" if len(where) > 1 else ""
                cure = f"[{side}] is {shown(ours)}; make a batch of its own for each server"
                yield at_line(where[0], f"{column}: {shown(host)}{more} is another server; {cure}")


def _told(admin: Mapping[str, Any], rows: Sequence[Row], left_out: Mapping[str, int]) -> Iterator[str]:
    """What became of passwords, where that may surprise."""
    if number := left_out["password"]:
        yield f"{_passwords(number)} left out: {shown(admin['username'])} signs in, with the password of [source.admin]"
    if admin and (number := sum("password" in row for row in rows)):
        yield f"{_passwords(number)} used in place of [source.admin]"
    if number := left_out["destination_password"]:
        yield f"{_passwords(number)} for the destination left out: the account of [destination] writes into all"


def _passwords(number: int) -> str:
    return "1 password of the list is" if number == 1 else f"{number} passwords of the list are"


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, Mapping) else {}
