"""The corpus and mail of our own making, in its oddest forms, to each kind of destination, message by message.

The source keeps every byte. What arrives must be what the same server stores for a plain APPEND of the same bytes, and
what it refuses then must be rejected with its own words. `--generated 5000` makes it as many; `make test` takes fewer.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from imaplib import IMAP4
from typing import Any

import pytest

from core.mail.fingerprint import canonical
from core.mail.folder import FolderPath
from core.printable import printable
from tests.content import content
from tests.generated import Mailbox, mailbox
from tests.generated.folders import held, wire
from tests.sandbox.mailbox import ItemView
from tests.sandbox.server import PracticeExchange
from tests.servers.imap_server import ImapServer
from tests.servers.mail import WHEN, Record, append, quoted, sure
from tests.servers.pymap import Pymap
from tests.system.program import Migrated, Program, to_exchange, to_imap

_CANARY = b"Subject: stands for its folder\r\nX-Folder: %d\r\n\r\n"
#: Between these every server takes a date; Exchange takes more, but not all (core.imap.append, MS-DTYP FILETIME).
_SURE = (datetime(1970, 1, 2, tzinfo=UTC), datetime(2038, 1, 18, tzinfo=UTC))
_FILETIME = (datetime(1602, 1, 1, tzinfo=UTC), datetime(4500, 12, 31, 23, 59, 59, tzinfo=UTC))
#: Flags as Exchange keeps them (MS-OXPROPS): property and value.
_FOLLOW_UP, _REPLIED, _FORWARDED = ("0x1090 Integer", "2"), ("0x1081 Integer", "102"), ("0x1081 Integer", "104")

#: Default folders by their names: they, and what is below them, go to the destination's own.
_DEFAULT = {"Gesendete Elemente", "Sent Items", "Entwürfe", "Archive", "Deleted Messages"}

Place = tuple[str, int]  # folder as events name it, UID


@dataclass(frozen=True, slots=True)
class Source:
    """A server with the mail on it. `records` are as it hands them out; `paths` are its folders by their wire names."""

    server: Pymap
    records: tuple[Record, ...]
    paths: dict[str, tuple[str, ...]]

    def place(self, record: Record) -> Place:
        """How an event names a message."""
        return printable(str(FolderPath(self.paths[record.folder])), 1000), record.uid

    def moved(self) -> list[Record]:
        r"""What is to be moved: all but what is flagged \Deleted."""
        return [record for record in self.records if "\\Deleted" not in record.flags]


@pytest.fixture(scope="module")
def source(
    request: pytest.FixtureRequest, corpus: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Source]:
    """All of it, on a server that does nothing to it."""
    box = mailbox(request.config.getoption("generated"))
    server = Pymap(tmp_path_factory.mktemp("generated") / "log")
    server.start()
    try:
        paths = [held(path, "/") for path in box.folders]
        names = {wire(path, "/"): path for path in paths}
        _load(server, list(names), box, corpus)
        records = tuple(record for record in server.read() if record.folder in names)
        assert len(records) == len(names) + len(box.letters) + sum(map(bool, corpus))
        yield Source(server, records, names)
    finally:
        server.stop()


def _load(server: Pymap, names: Sequence[str], box: Mailbox, corpus: Sequence[bytes]) -> None:
    """Each folder with a message that stands for it; the corpus in its order over all folders."""
    with server.client() as client:
        for number, name in enumerate(names):
            if number:
                sure(client.create(quoted(name)))
            sure(client.select(quoted(name)))
            sure(append(client, Record(_CANARY % number, name)))
            for letter in box.letters:
                if letter.folder == number:
                    sure(append(client, Record(letter.data, name, letter.flags, letter.received)))
            for data in filter(None, corpus[number :: len(names)]):
                sure(append(client, Record(data, name)))


# --- what the program said --------------------------------------------------------------------------------------------


def run(program: Program, source: Source, tables: dict[str, Any], *, exit_code: int, **options: object) -> Migrated:
    """Move it to its end."""
    password = program.folder / "source-password"
    password.touch(0o600)
    password.write_text(source.server.password)
    tables["options"] |= {"rejected_limit": 100_000, **options}
    tables["mailboxes"][0] |= {"source": source.server.user, "password": f"file:{password}"}
    return program.migrate(program.batch(tables), exit_code=exit_code)


def told(migrated: Migrated, kind: str) -> dict[Place, str]:
    """What was said of messages in events of one kind, none of them twice."""
    events = migrated.kinds(f"message.{kind}")
    found = {(event["folder"], event["uid"]): event["text"] for event in events}
    assert len(found) == len(events)
    return found


def each_has_one_outcome(migrated: Migrated, source: Source) -> None:
    outcomes = [place for kind in ("copied", "skipped", "rejected") for place in told(migrated, kind)]
    assert Counter(outcomes) == Counter(source.place(record) for record in source.records)
    counts = migrated.counts()
    assert counts.pop("skipped") == len(source.records) - len(source.moved())
    assert sum(counts.values()) == len(source.moved())


# --- IMAP -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plain:
    """What became of a plain APPEND: the server's words where it refused, what had to be left out where not."""

    refused: str = ""
    dropped: frozenset[str] = frozenset()
    redated: bool = False


class Reference:
    """A mailbox of the same server, filled by imaplib with the same bytes."""

    def __init__(self, client: IMAP4) -> None:
        self._client = client
        self._keywords: dict[str, bool] = {}

    def append(self, record: Record) -> Plain:
        """APPEND; when that is refused for the date or a keyword, without what it is refused for."""
        asked = replace(record, received=min(max(record.received, _SURE[0]), _SURE[1]))
        if self._said(record) == "":
            return Plain()
        if asked.received != record.received and self._said(asked) == "":
            return Plain(redated=True)
        kept = frozenset(flag for flag in record.flags if flag.startswith("\\") or self._keeps(flag))
        dropped = record.flags - kept
        if dropped and self._said(replace(record, flags=kept)) == "":
            return Plain(dropped=dropped)
        if dropped and asked.received != record.received and self._said(replace(asked, flags=kept)) == "":
            return Plain(dropped=dropped, redated=True)
        return Plain(self._said(replace(asked, flags=kept)))

    def _keeps(self, keyword: str) -> bool:
        if keyword not in self._keywords:
            said = self._said(Record(b"Subject: keyword\r\n\r\n", "INBOX", frozenset({keyword})))
            self._keywords[keyword] = said == ""
        return self._keywords[keyword]

    def _said(self, record: Record) -> str:
        try:
            status, said = append(self._client, record)
        except IMAP4.error as error:  # BAD
            return str(error)
        return "" if status == "OK" else str(said[0].decode())


def folders_of(records: Sequence[Record]) -> dict[int, str]:
    """Where each source folder's own message is."""
    found: dict[int, str] = {}
    for number in range(10_000):
        data = _CANARY % number
        there = {record.folder for record in records if record.data == data}
        if not there:
            return found
        (found[number],) = there
    raise AssertionError("too many folders")


def shapes(records: Sequence[Record], began: datetime) -> Counter[tuple[str, str, frozenset[str], datetime | None]]:
    """What must be the same; a date that no server is sure to keep is None: Dovecot even shows it otherwise later."""
    return Counter(
        (
            record.folder,
            hashlib.sha256(record.data).hexdigest(),
            frozenset(flag.lower() for flag in record.flags),
            record.received if _SURE[0] <= record.received < began else None,
        )
        for record in records
    )


@pytest.mark.parametrize("kind", ["second_dovecot", "cyrus", "courier"])
def test_to_an_imap_server(
    program: Program, request: pytest.FixtureRequest, source: Source, user: str, kind: str
) -> None:
    server: ImapServer = request.getfixturevalue(kind)
    began = datetime.now(UTC).replace(microsecond=0)
    refuses = kind == "cyrus"
    tables = to_imap(source.server, server, user)
    migrated = run(program, source, tables, exit_code=int(refuses), repair=False)
    each_has_one_outcome(migrated, source)
    there = server.read(f"{user}-new")

    # Each folder has one of its own, called as at the source where the server takes that name
    # and has no default folder in its place.
    homes = folders_of(there)
    assert len(homes) == len(set(homes.values())) == len(source.paths)
    places = dict(zip(source.paths, homes.values(), strict=True))
    with server.client(f"{user}-plain") as client:
        for name, path in source.paths.items():
            same = "INBOX" if path == ("INBOX",) else server.prefix + wire(path, server.separator)
            if path[0] in _DEFAULT:
                top = places[name].rsplit(server.separator, len(path) - 1)[0]
                same = server.separator.join([top, wire(path[1:], server.separator)][: len(path)])
            if path == held(path, server.separator) and "\0" not in "".join(path):
                taken = same == "INBOX" or client.create(quoted(same))[0] == "OK"
                assert places[name] == same or not taken
            if places[name] != "INBOX":
                client.create(quoted(places[name]))  # if it is there already, so much the better
            sure(client.select(quoted(places[name])))
        reference = Reference(client)
        plain = {source.place(record): reference.append(replace(record, folder=places[record.folder]))
                 for record in source.moved()}  # fmt: skip
    expected = [record for record in server.read(f"{user}-plain") if not record.data.startswith(b"Subject: keyword")]
    assert shapes(there, began) == shapes(expected, began)
    assert len(there) == sum(not made.refused for made in plain.values())
    assert (len(there) < len(source.moved())) == refuses

    # Whatever is not as it was has a reason, and no other has one.
    rejected = told(migrated, "rejected")
    assert rejected.keys() == {place for place, made in plain.items() if made.refused}
    assert all(plain[place].refused in reason for place, reason in rejected.items())
    assert told(migrated, "keyword_dropped") == {
        place: f"the destination cannot keep {', '.join(sorted(made.dropped))}"
        for place, made in plain.items()
        if made.dropped
    }
    assert told(migrated, "date_changed").keys() == {place for place, made in plain.items() if made.redated}

    again = run(program, source, tables, exit_code=int(refuses), repair=False)
    assert again.counts() == migrated.counts()
    assert again.kinds("message.copied") == []
    assert shapes(server.read(f"{user}-new"), began) == shapes(there, began)
    if refuses:
        what_was_refused_is_mended(program, source, server, user, set(rejected))


def what_was_refused_is_mended(
    program: Program, source: Source, server: ImapServer, user: str, refused: set[Place]
) -> None:
    tables = to_imap(source.server, server, user)
    tables["mailboxes"][0]["destination"] = f"{user}-mended"
    migrated = run(program, source, tables, exit_code=0, repair=True)
    each_has_one_outcome(migrated, source)
    assert told(migrated, "rejected") == {}
    repaired, wrapped = told(migrated, "repaired"), told(migrated, "wrapped")
    assert repaired.keys() | wrapped.keys() == refused
    assert not repaired.keys() & wrapped.keys()
    as_they_were, mended = server.read(f"{user}-new"), server.read(f"{user}-mended")
    assert not shapes(as_they_were, WHEN) - shapes(mended, WHEN)
    assert len(mended) == len(source.moved())
    kept = {path.read_bytes() for path in (program.state / "originals").iterdir()}
    # A message that could not be mended was wrapped at once: its wrapping holds the original.
    were_mended = repaired.keys() | {place for place, text in wrapped.items() if "refused repaired" in text}
    assert kept == {record.data for record in source.moved() if source.place(record) in were_mended}


# --- Exchange ---------------------------------------------------------------------------------------------------------


def test_to_exchange(program: Program, exchange: PracticeExchange, source: Source, user: str) -> None:
    tables = to_exchange(source.server, exchange, user)
    migrated = run(program, source, tables, exit_code=0)
    each_has_one_outcome(migrated, source)
    items = exchange.mailbox(f"{user}@new.example").items()
    homes = {int(item.mime.split(b"X-Folder: ")[1]): item.folder for item in items if b"X-Folder: " in item.mime[:60]}
    places = dict(zip(source.paths, (homes[number] for number in sorted(homes)), strict=True))
    assert len(set(places.values())) == len(places)
    assert Counter((item.folder, item.mime, *as_kept(item)) for item in items) == Counter(
        (places[record.folder], record.data, *as_sent(record)) for record in source.moved()
    )

    # What Exchange cannot hold is told.
    lost = {source.place(record): sorted(not_kept(record)) for record in source.moved()}
    dropped = {place: text.removeprefix("the destination cannot keep ").split(", ")
               for place, text in told(migrated, "keyword_dropped").items()}  # fmt: skip
    assert {place: sorted(words) for place, words in dropped.items()} == {
        p: words for p, words in lost.items() if words
    }
    assert told(migrated, "date_changed").keys() == {
        source.place(record) for record in source.moved() if not _FILETIME[0] <= record.received <= _FILETIME[1]
    }

    # What it writes anew says the same, to us and to Python's email package.
    clear = {item.mime: item.regenerated for item in items if content(item.mime) is not None}
    assert len(clear) > len(items) / 3
    for mime, regenerated in clear.items():
        assert content(regenerated, sound=False) == content(mime)
        assert canonical(regenerated) == canonical(mime)

    again = run(program, source, tables, exit_code=0)
    assert again.counts() == migrated.counts()
    assert again.kinds("message.copied") == []
    assert len(exchange.mailbox(f"{user}@new.example").items()) == len(items)


def not_kept(record: Record) -> set[str]:
    """Keywords that no category can be; and of two things done with a message, Exchange knows the last."""
    words = {flag for flag in record.flags if not flag.startswith("\\") and set(flag) & {",", ";"}}
    return words | ({"$Forwarded"} if {"\\Answered", "$Forwarded"} <= record.flags else set())


def as_sent(record: Record) -> tuple[object, ...]:
    """Flags, categories and date that an item of a message must have."""
    words = {flag.lower() for flag in record.flags - not_kept(record) if not flag.startswith("\\")}
    return (
        frozenset(record.flags & {"\\Seen", "\\Draft", "\\Flagged", "\\Answered"} | words),
        min(max(record.received, _FILETIME[0]), _FILETIME[1]),
    )


def as_kept(item: ItemView) -> tuple[object, ...]:
    """Flags, categories and date that an item has."""
    pairs = set(item.properties.items())
    flags = {"\\Flagged": _FOLLOW_UP, "\\Answered": _REPLIED, "$forwarded": _FORWARDED}
    found = {flag for flag, pair in flags.items() if pair in pairs}
    found |= {flag for flag, so in (("\\Seen", item.is_read), ("\\Draft", item.is_draft)) if so}
    words = {word.lower() for word in item.categories}
    assert len(words) == len(item.categories)
    return frozenset(found | words), item.received
