"""The bench runs, counts what arrives, and judges as the design does. No figure is looked at."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.bench import peers
from tests.bench.ews_works import EwsWorks
from tests.bench.imap_works import ImapWorks
from tests.bench.link import Line, Link, Way
from tests.bench.maildir import counted, fill
from tests.bench.measure import FailedError, run
from tests.bench.section import Section
from tests.bench.table import Row
from tests.bench.targets import TARGETS
from tests.bench.works import WORKS, Clock, Mail, Work
from tests.servers.dovecot import Dovecot


def test_every_tool_moves_a_work_over_imap(
    tmp_path: Path, dovecot: Dovecot, make_dovecot: Callable[..., Dovecot]
) -> None:
    mail = Mail(30, 1000, mailboxes=2, huge=100_000)
    work = Work("tiny", "tiny", mail, clock=Clock.PASS, line=Line(0.001, 10_000_000), again=True)

    first, again = ImapWorks(tmp_path, dovecot, make_dovecot()).run(work)

    here = {tool.name for tool in peers.TOOLS if not tool.absent()} | {"mailcutover"}
    assert {"raw", "mailcutover"} <= here
    assert {row.tool for row in first.rows} == here
    assert {row.tool for row in again.rows} == here - {"raw"}
    assert {(row.messages, row.size > 150_000) for row in first.rows} == {(61, True)}
    assert not [login for login in (dovecot.folder / "mail").iterdir() if login.name.startswith("tiny")]


def test_every_tool_moves_a_work_over_ews(tmp_path: Path, dovecot: Dovecot) -> None:
    work = Work("tiny", "tiny", Mail(25, 1000), "ews", Clock.PASS, item=1)

    (section,) = EwsWorks(tmp_path, dovecot).run(work)

    assert [row.tool for row in section.rows] == ["raw", "bulk_create", "mailcutover"]


@pytest.mark.parametrize("lost", [True, False], ids=["a message", "a byte"])
def test_what_did_not_arrive_is_seen(tmp_path: Path, lost: bool) -> None:
    for name in ("old", "new"):
        fill(tmp_path / name, [500, 900])
    path = next((tmp_path / "new" / "Maildir" / "cur").iterdir())
    if lost:
        path.unlink()
    else:
        size = int(path.name.partition(",W=")[2].partition(":")[0])
        path.rename(path.with_name(path.name.replace(f",W={size}", f",W={size - 1}")))

    with pytest.raises(FailedError, match=r"tool: . messages"):
        counted("tool", [tmp_path / "old"], [tmp_path / "new"])


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(FailedError, match="exit code 3\nno luck"):
        run([[sys.executable, "-c", "import sys; sys.stderr.write('no luck'); sys.exit(3)"]])


def test_the_memory_of_a_process_is_its_own() -> None:
    """Not that of the process which started it."""
    ballast = b"x" * (300 << 20)

    assert run([["true"]]).memory < 100

    assert len(ballast) == 300 << 20


def test_every_target_has_its_work() -> None:
    keys = {work.key for work in WORKS}
    assert {key.removesuffix(" again") for key in TARGETS} <= keys


def test_a_target_is_met_at_its_figure_and_missed_below() -> None:
    def verdict(seconds: float) -> str:
        section = Section("imap-far", "far")
        section.add(Row("raw", 90, 900, 9, 1, 10))
        section.add(Row("mbsync", 90, 900, 30, 1, 10))
        section.add(Row("mailcutover", 90, 900, seconds, 1, 10))
        return list(section.lines())[-1]

    assert "0.9 x raw: met, 0.9; 1 x mbsync: met, 3" in verdict(10)
    assert "0.9 x raw: MISSED, 0.75; 1 x mbsync: met, 2.5" in verdict(12)


def test_a_link_carries_what_is_sent_and_both_ends() -> None:
    sent = bytes(range(256)) * 4000
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        with (
            Link(server.getsockname()[1], Line(0.001)) as link,
            socket.create_connection(("127.0.0.1", link.port), timeout=60) as client,
            server.accept()[0] as there,
        ):
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            got = there.makefile("rb").read()
            there.sendall(got[::-1])
            there.shutdown(socket.SHUT_WR)
            assert client.makefile("rb").read() == sent[::-1]


@given(pieces=some.lists(some.tuples(some.integers(0, 100_000), some.floats(0, 10)), min_size=1))
def test_a_narrow_line_carries_no_more_than_it_can(pieces: list[tuple[int, float]]) -> None:
    way = Way(Line(0.5, 1000))
    now, last, total = 0.0, 0.0, 0
    for size, later in pieces:
        now += later
        total += size
        due = way.due(size, now)
        assert due >= max(last, now + size / 1000 + 0.5) - 1e-6
        last = due
    assert last >= total / 1000 + 0.5 - 1e-6
