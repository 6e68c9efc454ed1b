"""Messages as records, and the plain imaplib that puts them on a server and reads them back.

Independent of the program on purpose: it shares no line with what it checks.
"""

import imaplib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

imaplib._MAXLINE = 64 << 20  # type: ignore[attr-defined]

WHEN = datetime(2019, 3, 5, 6, 7, 8, tzinfo=UTC)

_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?P<sep>\\?.)"|NIL) (?P<name>.*)', re.DOTALL)
_ITEMS = re.compile(
    rb'UID (?P<uid>\d+)|FLAGS \((?P<flags>[^)]*)\)|INTERNALDATE "(?P<date>[^"]+)"'
    rb'|BODY\[\] (?:\{\d+\}|"(?P<body>.*)"|NIL)'
)


@dataclass(frozen=True, slots=True)
class Record:
    """One message: `folder` is the name on the wire (modified UTF-7, with prefix); \\Recent is left out of `flags`."""

    data: bytes
    folder: str = "INBOX"
    flags: frozenset[str] = field(default_factory=frozenset)
    received: datetime = WHEN
    uid: int = 0


def quoted(name: str) -> str:
    """A folder name as an IMAP quoted string."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def sure(answer: tuple[str, Any]) -> Any:
    """The data of a command that must have succeeded."""
    assert answer[0] == "OK", answer
    return answer[1]


def append(client: Any, record: Record) -> tuple[str, Any]:
    """A plain APPEND with a synchronising literal; imaplib's own would rewrite line ends first."""
    client.literal = record.data
    moment = record.received.strftime('"%d-%b-%Y %H:%M:%S %z"')
    flags = "(" + " ".join(sorted(record.flags)) + ")"
    typ, data = client._simple_command("APPEND", quoted(record.folder), flags, moment)
    return typ, data


def load(client: imaplib.IMAP4, records: Iterable[Record]) -> None:
    """Append these, creating and subscribing folders as they come."""
    selected = None
    for record in records:
        if record.folder != selected:
            if record.folder != "INBOX" and client.create(quoted(record.folder))[0] == "OK":
                sure(client.subscribe(quoted(record.folder)))
            sure(client.select(quoted(record.folder)))
            selected = record.folder
        sure(append(client, record))


def folders(client: imaplib.IMAP4) -> dict[str, frozenset[str]]:
    """Every folder name on the wire, with its LIST attributes."""
    return _listed(client.list())


def subscribed(client: imaplib.IMAP4) -> set[str]:
    """Every name on the wire that is subscribed, whether such a folder is there or not."""
    return set(_listed(client.lsub()))


def _listed(answer: tuple[str, Any]) -> dict[str, frozenset[str]]:
    found = {}
    for line in sure(answer):
        if line is None:
            continue
        if isinstance(line, tuple):  # the name came as a literal
            head, name = line
        elif line == b"":  # what follows a literal
            continue
        else:
            head, name = line, None
        match = _LIST.fullmatch(head)
        assert match, line
        if name is None:
            name = match["name"]
            if name.startswith(b'"'):
                name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        found[name.decode("latin-1")] = frozenset(match["flags"].decode().split())
    return found


def read_folder(client: imaplib.IMAP4, name: str) -> list[Record]:
    """Every message of one folder, by UID; EXAMINE and BODY.PEEK, so reading changes nothing."""
    sure(client.select(quoted(name), readonly=True))
    records = []
    for line in sure(client.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")):
        if line is None or line == b")":
            continue
        head, data = line if isinstance(line, tuple) else (line, None)
        found: dict[str, bytes] = {}
        for match in _ITEMS.finditer(head):
            found.update({name: value for name, value in match.groupdict().items() if value is not None})
        moment = datetime.strptime(found["date"].decode().strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
        flags = frozenset(found["flags"].decode("latin-1").split()) - {"\\Recent"}
        body = data if data is not None else found.get("body", b"")
        records.append(Record(body, name, flags, moment, int(found["uid"])))
    return records


def read(client: imaplib.IMAP4) -> list[Record]:
    """Every message of every folder, by folder name and UID."""
    names = [name for name, flags in folders(client).items() if not flags & {"\\Noselect", "\\NonExistent"}]
    return [record for name in sorted(names) for record in read_folder(client, name)]
