"""Courier and Cyrus, as source and as destination, through the command line.

What a server makes of a message is its own affair: what arrives must be what the same server stores for a plain APPEND
of the same bytes, and what it refuses then must be rejected with its own words.
"""

import email
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.courier import Courier
from tests.servers.cyrus import Cyrus
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import CutError, Way
from tests.servers.imap_server import ImapServer
from tests.servers.lane import Lane
from tests.servers.mail import Record, append, quoted, sure
from tests.servers.pymap import Pymap
from tests.system.letters import FIRST, letter, letters, spread
from tests.system.program import Child, Program

FLAGS = (
    frozenset({"\\Seen"}),
    frozenset[str](),
    frozenset({"\\Seen", "\\Flagged", "$Forwarded"}),
    frozenset({"\\Seen", "\\Answered", "Project-X"}),
    frozenset({"\\Draft"}),
)
FOLDERS = (("INBOX",), ("Sent",), ("Projects", "Old"), ("Caf&AOk- &- Bar",))

#: Messages of our own making, each odd in its own way.
ODD = [
    b"Subject: plain\r\n\r\nplain\r\n",
    b"Subject: no final line end\r\n\r\nno final line end",
    b"Subject: bare LF\n\nline\nline\n",
    b"Subject: mixed\r\n\r\nline\nline\r\n",
    b"Subject: bare CR\r\n\r\nline\rline\r\n",
    b"Subject: last is CR\r\n\r\nline\r",
    b"Subject: NUL\r\n\r\na\0b\r\n",
    b"Subject: NUL \0 above\r\n\r\nab\r\n",
    b"Subject: 8-bit \xe9\xff above\r\n\r\nab\r\n",
    b"Subject: 8-bit below\r\n\r\n\x80\xe9\xff\r\n",
    b"no header at all\r\n",
    b"From ann Sat Jan  1 00:00:00 2000\r\nSubject: mbox\r\n\r\nx\r\n",
    b" Subject: begins with a blank\r\n\r\nx\r\n",
    b"Subject : blank before the colon\r\n\r\nx\r\n",
    b": no name\r\n\r\nx\r\n",
    b"\r\nbody only\r\n",
    b"\r\n",
    b"x",
    b"Subject: header only\r\n",
    b"Subject: header only",
    b"Subject: folded\r\n \t\r\n more\r\n\r\nx\r\n",
    b"Subject: long line\r\n\r\n" + b"x" * 70_000 + b"\r\n",
    b"X-Long: " + b"y" * 70_000 + b"\r\n\r\nx\r\n",
    b"Subject: commands\r\n\r\nx1 NOOP\r\nx2 DELETE INBOX\r\nx3 APPEND INBOX {3+}\r\nabc\r\nx4 LOGOUT\r\n",
    b"Subject: literal {10}\r\n\r\n{10}\r\n{10+}\r\n~{10}\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.\r\n",
    b"Subject: twins\r\n\r\ntwin\r\n",
    b"Subject: twins\r\n\r\ntwin\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n",
    b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: deep\r\n\r\nx\r\n",
    b"Received: from a\r\n" * 500 + b"Subject: many\r\n\r\nx\r\n",
    b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * 520_000,  # more than is held in memory
]


def tables(source: ImapServer | Pymap, destination: ImapServer, *users: str, **options: object) -> dict[str, Any]:
    """A batch from one IMAP server to another."""
    one, other = ({"host": end.host, "port": end.port, "security": "none"} for end in (source, destination))
    return {
        "name": "wave",
        "source": one,
        "destination": {"kind": "imap"} | other,
        "options": {"settle": "1s", "rejected_limit": 1000} | options,
        "mailboxes": [
            {
                "source": user,
                "destination": f"{user}-new",
                "password": "env:OLD_PASSWORD",
                "destination_password": "env:NEW_PASSWORD",
            }
            for user in users
        ],
    }


def load(server: ImapServer, user: str, messages: Sequence[bytes]) -> None:
    """What of these the server takes, over several folders, with flags and dates."""
    with server.client(user) as client:
        for names in FOLDERS[1:]:
            client.create(quoted(server.wire(*names)))
        for number, data in enumerate(messages):
            received = datetime(2012, 5, 6, 7, 8, 9, tzinfo=UTC) + timedelta(hours=7 * number)
            append(client, Record(data, server.wire(*FOLDERS[number % 4]), FLAGS[number % 5], received))


def ends(request: pytest.FixtureRequest, pair: str) -> tuple[ImapServer, ImapServer]:
    """Source and destination."""
    source, destination = pair.split("-")
    return request.getfixturevalue(source), request.getfixturevalue(destination)


def plainly(server: ImapServer, user: str, records: Iterable[Record]) -> dict[Record, str]:
    """A plain APPEND of each, folders made before; those that the server refuses, with what it says."""
    refused = {}
    with server.client(user) as client:
        for folder in {record.folder for record in records} - {"INBOX"}:
            client.create(quoted(folder))
        for record in records:
            status, said = append(client, record)
            if status != "OK":
                refused[record] = said[0].decode()
    return refused


def shapes(server: ImapServer, records: Iterable[Record]) -> Counter[tuple[str, str, frozenset[str], datetime]]:
    return Counter(
        (
            record.folder.removeprefix(server.prefix).replace(server.separator, "/"),
            hashlib.sha256(record.data).hexdigest(),
            frozenset(flag.lower() for flag in record.flags),
            record.received,
        )
        for record in records
    )


def secret(program: Program, password: str) -> Path:
    """A file with a password."""
    file = program.folder / "password"
    file.touch(0o600)
    file.write_text(password)
    return file


def spelt(source: ImapServer, destination: ImapServer, record: Record) -> Record:
    """The same message with its folder spelt as the destination spells it."""
    names = record.folder.removeprefix(source.prefix).split(source.separator)
    return replace(record, folder=destination.wire(*names))


@pytest.mark.parametrize("pair", ["courier-cyrus", "cyrus-courier", "dovecot-courier", "dovecot-cyrus_dot"])
def test_what_arrives_is_what_a_plain_append_makes(
    program: Program, request: pytest.FixtureRequest, user: str, corpus: list[bytes], pair: str
) -> None:
    source, destination = ends(request, pair)
    load(source, user, [*ODD, *corpus])
    stored = source.read(user)
    refused = plainly(destination, f"{user}-plain", [spelt(source, destination, record) for record in stored])
    assert len(stored) - len(refused) > 500
    exit_code = 1 if refused else 0
    file = program.batch(tables(source, destination, user, repair=False))
    migrated = program.migrate(file, exit_code=exit_code)
    outcomes = {"copied": len(stored) - len(refused), "rejected": len(refused)}
    assert migrated.counts() == {outcome: number for outcome, number in outcomes.items() if number}
    there = shapes(destination, destination.read(f"{user}-new"))
    assert there == shapes(destination, destination.read(f"{user}-plain"))
    reasons = [event["text"] for event in migrated.kinds("message.rejected")]
    assert len(reasons) == len(refused)
    for words, number in Counter(refused.values()).items():
        assert sum(words in reason for reason in reasons) == number

    again = program.migrate(file, exit_code=exit_code)
    assert again.counts() == migrated.counts()
    assert again.kinds("message.copied") == []
    assert shapes(destination, destination.read(f"{user}-new")) == there

    if not refused:
        return
    batch = tables(source, destination, user)
    batch["mailboxes"][0]["destination"] = f"{user}-mended"
    with_repair = program.migrate(program.batch(batch))
    assert with_repair.counts() == {"copied": len(stored)}
    altered = with_repair.status["mailboxes"][0]["altered"]
    assert (altered["repaired"], altered["wrapped"]) == (len(refused), 0)
    arrived = destination.read(f"{user}-mended")
    assert len(arrived) == len(stored)
    assert shapes(destination, arrived) >= there
    mended = shapes(destination, arrived) - there
    assert Counter((received, flags) for _, _, flags, received in mended) == Counter(
        (record.received, frozenset(flag.lower() for flag in record.flags)) for record in refused
    )
    kept = {path.read_bytes() for path in (program.state / "originals").iterdir()}
    assert kept == {record.data for record in refused}
    told = with_repair.kinds("message.repaired")
    assert len({(event["folder"], event["uid"]) for event in told}) == len(told) == len(refused)


def parts(data: bytes) -> list[bytes]:
    """What the parts of a message hold, without its NULs, and line ends aside."""
    message = email.message_from_bytes(data.replace(b"\0", b""))
    leaves = (part for part in message.walk() if not part.is_multipart())
    return [bytes(part.get_payload(decode=True)).replace(b"\r\n", b"\n").strip() for part in leaves]


def test_what_cyrus_refuses_arrives_mended_or_whole(
    program: Program, pymap: Pymap, cyrus: Cyrus, user: str, corpus: list[bytes]
) -> None:
    """From a source that keeps every byte; a second pass, and one without a ledger, send nothing again."""
    folder = f"Odd {user}"
    signed = b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\na\0b\r\n--b--\r\n"
    refused = plainly(cyrus, f"{user}-plain", [Record(data) for data in corpus])
    # What has neither a name nor anything else of its own cannot be told from others without a ledger.
    odd = [data for data in ODD if len(data) < 1 << 20 and not data.startswith(b":")]
    messages = [*odd, signed, *(record.data for record in refused if record.data)]
    assert len(messages) > len(odd) + 10
    dates = [FIRST + timedelta(days=number) for number in range(len(messages))]
    pymap.load([Record(data, folder, received=date) for data, date in zip(messages, dates, strict=True)])
    batch = tables(pymap, cyrus, pymap.user, include_folders=[folder])
    batch["mailboxes"][0] |= {"destination": user, "password": f"file:{secret(program, pymap.password)}"}
    file = program.batch(batch)
    migrated = program.migrate(file)
    assert migrated.counts() == {"copied": len(messages)}
    arrived = cyrus.read(user)
    assert len(arrived) == len(messages)
    by_date = {record.received: record.data for record in arrived}
    for data, date in zip(odd, dates, strict=False):
        if not data.startswith(b"Subject :"):  # which Python's reader takes for text
            assert parts(by_date[date]) == parts(data)
    _, original = parts(by_date[dates[len(odd)]])
    assert original == signed.replace(b"\r\n", b"\n").strip()
    altered = [event["uid"] for kind in ("repaired", "wrapped") for event in migrated.kinds(f"message.{kind}")]
    assert (
        len(altered)
        == len(set(altered))
        == sum(by_date[date] != data for data, date in zip(messages, dates, strict=True))
    )
    assert len(migrated.kinds("message.wrapped")) == 1

    assert program.migrate(file).kinds("message.copied") == []
    program.run("remove", "wave", "--forget-ledger", "--yes-forget", "wave")
    adopted = program.migrate(file)  # with nothing but the mail itself to go by
    assert adopted.counts() == {"already_there": len(messages)}
    assert cyrus.read(user) == arrived


def test_what_cyrus_refuses(program: Program, pymap: Pymap, cyrus: Cyrus, user: str) -> None:
    """From a source that keeps every byte."""
    bad = {b"bare newlines": ODD[3], b"NUL characters": ODD[6], b"invalid header": ODD[10]}
    good = b"Subject: good\r\n\r\n"
    folder = f"Refused {user}"
    pymap.load([Record(data, folder) for data in [good, *bad.values(), good]])
    batch = tables(pymap, cyrus, pymap.user, include_folders=[folder], repair=False)
    batch["mailboxes"][0] |= {"destination": user, "password": f"file:{secret(program, pymap.password)}"}
    migrated = program.migrate(program.batch(batch), exit_code=1)
    assert migrated.counts() == {"copied": 2, "rejected": 3}
    assert [(record.folder, record.data) for record in cyrus.read(user)] == [(folder, good)] * 2
    reasons = {event["uid"]: event["text"] for event in migrated.kinds("message.rejected")}
    for (_, reason), words in zip(sorted(reasons.items()), bad, strict=True):
        assert words.decode() in reason


def subjects(server: ImapServer, user: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Folder and flags of each message, by its subject; no two share one."""
    found = {}
    for record in server.read(user):
        subject = record.data.split(b"Subject: ")[1].split(b"\r\n")[0].decode()
        assert subject not in found
        path = record.folder.removeprefix(server.prefix).replace(server.separator, "/")
        found[subject] = (path, frozenset(flag.lower() for flag in record.flags))
    return found


def subscribed(server: ImapServer, user: str) -> set[str]:
    """The folders that a mail program shows."""
    with server.client(user) as client:
        names = [line.split(b'"')[-2 if line.endswith(b'"') else -1].decode().strip() for line in sure(client.lsub())]
    return {name.removeprefix(server.prefix) for name in names}


@pytest.mark.parametrize("pair", ["courier-cyrus", "cyrus-courier"])
def test_later_passes_carry_what_changed(
    program: Program, request: pytest.FixtureRequest, user: str, pair: str
) -> None:
    source, destination = ends(request, pair)
    projects = source.wire("Projects")
    source.load(
        user,
        [replace(one, flags=frozenset({"\\Seen", "Alt"})) for one in letters(6, name="inbox")]
        + letters(6, projects, name="project"),
    )
    with source.client(user) as client:
        sure(client.create(quoted(source.wire("Hidden"))))
    file = program.batch(tables(source, destination, user))
    assert program.migrate(file).counts() == {"copied": 12}
    assert subjects(destination, f"{user}-new") == subjects(source, user)
    assert "Hidden" not in subscribed(destination, f"{user}-new")
    assert subscribed(destination, f"{user}-new") >= {"Projects"}

    with source.client(user) as client:
        sure(client.select())
        sure(client.store("1", "-FLAGS", "(\\Seen)"))
        sure(client.store("2", "+FLAGS", "(\\Flagged Neu)"))
        sure(client.store("3", "-FLAGS", "(Alt)"))
        sure(client.copy("4", quoted(projects)))
        sure(client.store("4:5", "+FLAGS", "(\\Deleted)"))
        sure(client.expunge())
        sure(append(client, letter("new")))
    deleted = ("INBOX", frozenset({"\\seen", "alt"}))
    second = program.migrate(file)
    assert second.counts() == {"copied": 13, "already_there": 1, "source_gone": 2}  # one was moved, one deleted
    there = subjects(destination, f"{user}-new")
    assert there.pop("inbox 4") == deleted
    assert there == subjects(source, user)

    with source.client(user) as client:
        sure(client.rename(quoted(projects), quoted(source.wire("Projekte"))))
        sure(append(client, letter("newer", folder=source.wire("Projekte"))))
    third = program.migrate(file)
    there = subjects(destination, f"{user}-new")
    assert there.pop("inbox 4") == deleted
    if pair == "courier-cyrus":  # Courier numbers anew what it renames: each copy follows its message
        assert third.counts() == {"copied": 14, "already_there": 8, "source_gone": 9}
        assert there == subjects(source, user)
    else:  # and so nothing is renamed there
        assert third.counts() == {"copied": 14, "already_there": 1, "source_gone": 2}
        assert {subject: flags for subject, (_, flags) in there.items()} == {
            subject: flags for subject, (_, flags) in subjects(source, user).items()
        }
        assert Counter(folder for folder, _ in there.values()) == {"INBOX": 5, "Projects": 8}
    fourth = program.migrate(file)
    assert fourth.counts() == third.counts()
    assert subjects(destination, f"{user}-new") == there | {"inbox 4": deleted}


def test_cyrus_administrator_moves_for_his_users(
    program: Program, cyrus_dot: Cyrus, courier: Courier, user: str
) -> None:
    users = [f"{user}a", f"{user}b"]
    for one in users:
        cyrus_dot.load(one, spread(letters(6, name=one), "INBOX", cyrus_dot.wire("Projects")))
    batch = tables(cyrus_dot, courier, *users)
    password = f"file:{secret(program, cyrus_dot.admin_password)}"
    batch["source"] |= {"admin": {"username": cyrus_dot.admin, "password": password, "style": "authzid"}}
    for mailbox in batch["mailboxes"]:
        del mailbox["password"]
    migrated = program.migrate(program.batch(batch))
    for number, one in enumerate(users):
        assert migrated.counts(number) == {"copied": 6}
        assert subjects(courier, f"{one}-new") == subjects(cyrus_dot, one)


def test_mail_that_is_taken_by_pop(program: Program, courier: Courier, cyrus: Cyrus, user: str) -> None:
    """Courier gives the UID of a message that went to the next one, until somebody opens the folder."""

    def mail(name: str) -> bytes:
        return letter(name).data.replace(b"\r\n", b"\n")

    courier.load(user, letters(3))
    with courier.client(user) as client:
        sure(client.select())
    first = courier.deliver(user, mail("first"), at=1_600_000_000)
    file = program.batch(tables(courier, cyrus, user))
    assert program.migrate(file).counts() == {"copied": 4}
    courier.taken(user, first)
    courier.deliver(user, mail("second"), at=1_600_000_100)
    courier.deliver(user, mail("early"), at=1_500_000_000)
    assert program.migrate(file).counts() == {"copied": 6, "source_gone": 1}
    with courier.client(user) as client:
        sure(client.select())
    assert program.migrate(file).counts() == {"copied": 6, "already_there": 2, "source_gone": 3}
    there = subjects(cyrus, f"{user}-new")  # which holds none twice
    assert set(there) == {"letter 0", "letter 1", "letter 2", "first", "second", "early"}


_ANSWER = re.compile(rb"\[APPENDUID [^\n]*\n")


class Killer(FaultProxy):
    """Stands before a destination, and kills the run at an answer: it is the last one heard of, or not heard."""

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self._left = 0
        self._heard = False
        self._victim: Future[Child] = Future()

    def kill(self, program: Program, file: Path, *, answers: int, heard: bool) -> None:
        """Start a run and see it killed."""
        self._victim = Future()
        self._heard = heard
        self._left = answers
        child = program.start("run", file)
        self._victim.set_result(child)
        child.wait(-9)

    def look(self, lane: Lane, data: bytes) -> Iterator[bytes]:
        """Count what the server says that it stored."""
        answers = list(_ANSWER.finditer(data)) if lane.way is Way.DOWN else []
        if not 0 < self._left <= len(answers):
            self._left -= len(answers)
            yield data
            return
        heard = answers[self._left - 1].end() if self._heard else 0
        self._left = 0
        yield data[:heard]
        self._victim.result(30).kill()
        raise CutError


@pytest.mark.parametrize("pair", ["courier-cyrus", "cyrus-courier"])
def test_killed_in_the_middle(
    program: Program, request: pytest.FixtureRequest, cyrus: Cyrus, user: str, pair: str
) -> None:
    source, destination = ends(request, pair)
    twins = [replace(one, received=FIRST) for one in letters(1, name="twin") * 20]
    folders = ("INBOX", *map(source.wire, ("A", "B", "C")))  # a server may store a folder's messages before it is heard
    source.load(user, spread([*letters(60, filler=2_000), *twins], *folders))
    with Killer(destination.port) as killer:
        batch = tables(source, destination, user)
        batch["destination"] |= {"port": killer.port, "identity": "new.example"}
        file = program.batch(batch)
        # Cyrus answers once for all of a folder (MULTIAPPEND).
        for answers, heard in zip((2, 1, 1) if destination is cyrus else (5, 12, 9), (False, True, False), strict=True):
            killer.kill(program, file, answers=answers, heard=heard)
        last = program.migrate(file)
    assert last.counts() == {"copied": 80}
    assert shapes(destination, destination.read(f"{user}-new")) == shapes(source, source.read(user))
