"""A strict Exchange: what it refuses for its form arrives mended, or whole in another message."""

import email
import hashlib
import stat
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.sandbox.message.form import fault
from tests.sandbox.outcomes import Reset, StoreLate
from tests.sandbox.script import Request
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record
from tests.system.letters import FIRST, letter
from tests.system.program import Program
from tests.system.sides import Exchange
from tests.system.test_large import MB, peak_memory
from tests.system.test_other_servers import ODD

LONG = b"word " * 2_000
#: Whose signature does not outlive a mend.
SIGNED = b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" + LONG + b"\r\n--b--\r\n"
SENDER = b"From: Ann, old account\r\nSubject: sender\r\n\r\nx\r\n"


def original_of(data: bytes) -> bytes | None:
    """What a wrapped message holds; None for any other."""
    if b"original.eml" not in data:
        return None
    return bytes(email.message_from_bytes(data).get_payload(1).get_payload(decode=True))  # type: ignore[union-attr]


def altered(batch: Mapping[str, Any], mailbox: int = 0) -> tuple[int, int]:
    """How many messages are repaired, and how many wrapped, as `status --json` has it."""
    found = batch["mailboxes"][mailbox]["altered"]
    return found["repaired"], found["wrapped"]


def source_uid(source: Dovecot, user: str, data: bytes) -> int:
    (uid,) = (record.uid for record in source.read(user) if record.data == data)
    return uid


def holds(text: bytes) -> Callable[[Request], bool]:
    def condition(request: Request) -> bool:
        return any(text in mime for mime in request.mimes)

    return condition


def test_the_whole_corpus_arrives(
    program: Program, dovecot: Dovecot, exchange: PracticeExchange, user: str, corpus: list[bytes]
) -> None:
    messages = [data for data in (*ODD, SIGNED, *corpus) if data and len(data) < MB]
    dovecot.load(user, [Record(data, received=letter("", days=day).received) for day, data in enumerate(messages)])
    exchange.strict = True
    file = program.batch(Exchange(exchange).batch(dovecot, user))
    migrated = program.migrate(file)
    assert migrated.counts() == {"copied": len(messages)}

    there = {item.received: item.mime for item in exchange.mailbox(f"{user}@new.example").items()}
    assert len(there) == len(messages)
    source = {record.received: record for record in dovecot.read(user)}
    refused = {date: record for date, record in source.items() if fault(record.data)}
    assert len(refused) > 60
    whole = {date for date in refused if original_of(there[date]) is not None}
    for date, record in source.items():
        if date in whole:
            assert original_of(there[date]) == record.data
        elif date in refused:
            assert there[date] != record.data
        else:
            assert there[date] == record.data
    told = {kind: {event["uid"] for event in migrated.kinds(f"message.{kind}")} for kind in ("repaired", "wrapped")}
    assert told["wrapped"] == {source[date].uid for date in whole}
    assert told["repaired"] == {record.uid for date, record in refused.items() if date not in whole}
    assert source_uid(dovecot, user, SIGNED) in told["wrapped"]
    assert altered(migrated.status) == (len(told["repaired"]), len(told["wrapped"]))
    listed = {(one["form"], one["uid"]) for one in migrated.status["mailboxes"][0]["altered"]["messages"]}
    assert listed == {(kind, uid) for kind, uids in told.items() for uid in uids}
    said = program.run("status", "wave").stdout
    assert f"copied in another form: {len(told['repaired'])} repaired, {len(told['wrapped'])} wrapped" in said
    assert f"and {len(listed) - 20:,} more; `mailcutover status wave --json` lists all" in said
    named = program.run("log", "wave", "--level", "warning").stdout
    assert all(f" {user} INBOX/{uid}: " in named for uids in told.values() for uid in uids)

    kept = list((program.state / "originals").iterdir())
    assert {path.name for path in kept} >= {
        f"{hashlib.sha256(record.data).hexdigest()}.eml" for date, record in refused.items() if date not in whole
    }
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.stem for path in kept)
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert program.migrate(file).kinds("message.copied") == []


def test_answers_that_are_lost_leave_none_twice_and_none_unnamed(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, user: str
) -> None:
    destination = Exchange(practice_exchange)
    good = [letter(f"good {number}", days=number) for number in range(5)]
    dovecot.load(user, [*good, Record(SENDER, received=FIRST), Record(SIGNED, received=FIRST)])
    practice_exchange.strict = True
    batch = destination.batch(dovecot, user)
    practice_exchange.when(holds(b'"Ann, old account" <'), Reset("after"), times=1)
    practice_exchange.when(holds(b"original.eml"), StoreLate(1.0), times=1)
    migrated = program.migrate(program.batch(batch))
    assert practice_exchange.script_left == 0
    assert migrated.counts() == {"copied": 7}
    assert altered(migrated.status) == (1, 1)
    assert len(migrated.kinds("message.in_doubt")) == 2
    there = Counter(original_of(found.data) or found.data for found in destination.read(user))
    mended = SENDER.replace(b"Ann, old account", b'"Ann, old account" <unknown@sender.invalid>')
    assert there == Counter([*(record.data for record in good), mended, SIGNED])

    sent = destination.sent(user)
    program.state.rename(program.folder / "lost")
    adopted = program.migrate(program.batch(batch))
    assert adopted.counts() == {"already_there": 7}
    assert destination.sent(user) == sent


def test_nothing_is_altered_where_nobody_wants_it(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, user: str
) -> None:
    dovecot.load(user, [letter("good"), Record(SENDER, received=FIRST)])
    practice_exchange.strict = True
    batch = Exchange(practice_exchange).batch(dovecot, user)
    batch["options"]["repair"] = False
    migrated = program.migrate(program.batch(batch), exit_code=1)
    assert migrated.counts() == {"copied": 1, "rejected": 1}
    (event,) = migrated.kinds("message.rejected")
    assert "The sender of the MIME content is not valid." in event["text"]
    assert not (program.state / "originals").exists()


def test_large_messages_do_not_fill_the_memory(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, user: str
) -> None:
    """Several mailboxes mend one at once, each as large as can be; one is larger, and is wrapped as it is read."""
    users = [f"{user}{number}" for number in range(3)]
    head = b"Content-Type: text/html\r\n\r\n"
    for one in users:
        dovecot.load(one, [Record(head + b"<p>0123456789</p>" * (7 * MB // 17), received=FIRST)])
    dovecot.load(users[0], [Record(head + b"<p>0123456789</p>" * (9 * MB // 17), received=FIRST)])
    practice_exchange.strict = True
    batch = Exchange(practice_exchange).batch(dovecot, *users)
    run = program.start("run", program.batch(batch))
    peak = peak_memory(run)
    run.wait()
    status = program.status("wave")
    assert [altered(status, number) for number in range(3)] == [(1, 1), (1, 0), (1, 0)]
    (event,) = program.events("wave", "message.wrapped")
    assert "too large to mend" in event["text"]
    assert peak < 200 * MB
