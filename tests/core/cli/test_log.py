"""`log`: what was told, again."""

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.clock import SystemClock
from core.event import Event, EventKind, Level
from core.store.events import EventLog

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine


def test_the_large_events_by_default_and_all_at_debug(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    large = cli("log", "sales").out.splitlines()
    assert large[0].endswith(" 2 mailboxes")
    assert large[-1].endswith(" Synced")
    assert not any("copied," in line for line in large)
    small = cli("log", "sales", "--level", "debug").out.splitlines()
    assert sum("INBOX/" in line and "copied," in line for line in small) == 6


def test_of_one_mailbox_by_its_destination_too(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    for name in ("ann", "ann@new.example"):
        events = [json.loads(line) for line in cli("log", "sales", "--mailbox", name, "--json").out.splitlines()]
        assert {event["mailbox"] for event in events} == {"ann"}
    assert cli("log", "sales", "--mailbox", "zoe").code == 2


def test_json_is_what_run_printed(cli: "CommandLine") -> None:
    printed = cli("run", cli.batch(), "--json").out.splitlines()[:-1]
    assert cli("log", "sales", "--json", "--level", "debug").out.splitlines() == printed


def test_hostile_text_is_harmless(cli: "CommandLine") -> None:
    cli.world.source("ann", messages=1, folder="a\x1b]0;title\x07\nb")
    cli("run", cli.batch())
    out = cli("log", "sales", "--level", "debug").out
    assert not any(ord(c) < 32 and c != "\n" for c in out)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_following_prints_as_it_comes_until_interrupted(
    cli: "CommandLine", environment: dict[str, str], stop: signal.Signals
) -> None:
    cli("run", cli.batch())
    follower = subprocess.Popen(
        [sys.executable, "-m", "core", "log", "sales", "--follow", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    assert follower.stderr is not None
    while json.loads(follower.stdout.readline())["event"] != "batch.finished":
        pass
    with cli.store() as database:
        event = Event(SystemClock().now(), Level.INFO, EventKind.MAILBOX_PAUSED, "later", "sales", "ann")
        EventLog(database).append(event)
    assert json.loads(follower.stdout.readline())["text"] == "later"
    follower.send_signal(stop)
    assert follower.wait(20) == 0
    assert follower.stderr.read() == ""
    follower.stdout.close()
    follower.stderr.close()
