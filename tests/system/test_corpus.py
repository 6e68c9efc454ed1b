"""The whole corpus of real and nasty messages, to both kinds of destination, checked by readers of other make."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.sandbox import stock
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record
from tests.system.program import Program, to_exchange, to_imap

FLAGS = (
    frozenset({"\\Seen"}),
    frozenset[str](),
    frozenset({"\\Seen", "\\Flagged"}),
    frozenset({"\\Seen", "\\Answered", "Project-X"}),
    frozenset({"$Forwarded"}),
)
#: (names at the source, the German Exchange's path)
FOLDERS = (
    (("INBOX",), "Posteingang"),
    (("Sent",), "Gesendete Elemente"),
    (("Projects", "Old"), "Projects/Old"),
    (("Caf&AOk- & Bar".replace("& ", "&- "),), "Café & Bar"),
)


def load(source: Dovecot, user: str, corpus: list[bytes]) -> list[Record]:
    """The corpus over several folders, with flags and dates. An empty message is no message to an IMAP server."""
    records = [
        Record(
            data,
            source.wire(*FOLDERS[number % 4][0]),
            FLAGS[number % 5],
            datetime(2012, 5, 6, 7, 8, 9, tzinfo=UTC) + timedelta(hours=7 * number),
        )
        for number, data in enumerate(corpus)
        if data
    ]
    source.load(user, records)
    return records


def test_to_exchange(
    program: Program, source: Dovecot, exchange: PracticeExchange, user: str, corpus: list[bytes]
) -> None:
    records = load(source, user, corpus)
    stored = source.read(user)  # what Dovecot made of the bytes
    file = program.batch(to_exchange(source, exchange, user))
    program.run("run", file)
    counts = program.status("wave")["mailboxes"][0]["messages"]
    assert counts["copied"] == counts["total"] == len(records)

    there = exchange.mailbox(f"{user}@new.example").items()
    paths = {source.wire(*names): path for names, path in FOLDERS}
    assert Counter((item.folder, item.mime) for item in there) == Counter(
        (paths[record.folder], record.data) for record in stored
    )
    with stock.account(exchange.url, f"{user}@new.example", username="svc", password="secret") as account:
        seen = {}
        for folder in account.msg_folder_root.walk():
            if folder.folder_class != "IPF.Note":
                continue
            path = folder.absolute.split("/Top of Information Store/")[-1]
            for item in folder.all().only("is_read", "is_draft", "datetime_received", "categories"):
                seen[item.id] = (path, item)
    assert len(seen) == len(records)
    by_bytes: dict[tuple[str, bytes], list[Record]] = {}
    for record in stored:
        by_bytes.setdefault((paths[record.folder], record.data), []).append(record)
    for kept in there:
        path, item = seen[kept.id]
        matching = by_bytes[kept.folder, kept.mime]
        assert path.endswith(kept.folder)
        assert (item.is_read, item.datetime_received) in {
            ("\\Seen" in record.flags, record.received) for record in matching
        }
        assert not item.is_draft
        assert ("Project-X" in (item.categories or [])) in {"Project-X" in record.flags for record in matching}


def test_to_another_imap_server(
    program: Program, source: Dovecot, second_dovecot: Dovecot, user: str, corpus: list[bytes]
) -> None:
    records = load(source, user, corpus)
    stored = source.read(user)
    program.run("run", program.batch(to_imap(source, second_dovecot, user)))
    there = second_dovecot.read(f"{user}-new")
    assert len(there) == len(records)
    assert Counter(shape(record, second_dovecot) for record in there) == Counter(
        shape(record, source) for record in stored
    )


def shape(record: Record, server: Dovecot) -> tuple[Any, ...]:
    """What must be the same on both sides."""
    name = record.folder.removeprefix(server.prefix).replace(server.separator, "/")
    return name, hashlib.sha256(record.data).hexdigest(), record.flags, record.received


def test_what_is_refused_is_listed_and_the_sums_add_up(
    program: Program, dovecot: Dovecot, exchange: PracticeExchange, user: str, corpus: list[bytes], tmp_path: Path
) -> None:
    load(dovecot, user, corpus[:40])
    largest = max(len(data) for data in corpus[:40])
    exchange.mailbox(f"{user}@new.example").limit(message=largest - 1)
    file = program.batch(to_exchange(dovecot, exchange, user))
    done = program.run("run", file, exit_code=1)
    counts = program.status("wave")["mailboxes"][0]["messages"]
    assert counts["rejected"] >= 1
    assert counts["copied"] + counts["rejected"] == counts["total"] == sum(bool(data) for data in corpus[:40])
    assert "larger" in done.stdout or "size" in done.stdout.lower()
    events = [json.loads(line) for line in program.run("log", "wave", "--json").stdout.splitlines()]
    assert sum(event["event"] == "message.rejected" for event in events) == counts["rejected"]
    exchange.mailbox(f"{user}@new.example").limit()
    program.run("run", file, exit_code=1)  # a rejection stands until somebody says otherwise
    program.run("run", file, "--retry-rejected")
    assert program.status("wave")["mailboxes"][0]["messages"]["copied"] == counts["total"]
