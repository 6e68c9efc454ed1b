"""A link that breaks in the middle, as people see it: what is waited for, until when, and how it goes on by itself."""

import re
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import Faults
from tests.system.letters import letters
from tests.system.program import Impatient, counts_of, until
from tests.system.sides import Destination, Exchange, Imap, at_source, places, through

COUNT = 60


@pytest.mark.parametrize("where", ["source", "destination"])
def test_status_says_what_is_waited_for_and_until_when(
    tmp_path: Path,
    dovecot: Dovecot,
    practice_exchange: PracticeExchange,
    second_dovecot: Dovecot,
    user: str,
    where: str,
) -> None:
    users = [f"{user}{each}" for each in "ab"]
    destination: Destination = Imap(second_dovecot) if where == "source" else Exchange(practice_exchange)
    for one in users:
        dovecot.load(one, letters(COUNT, filler=4000))
    bad = FaultProxy(dovecot.port if where == "source" else destination.port)
    with closing(Impatient(tmp_path, 1)) as program, bad as proxy:
        proxy.faults = Faults(rate=20_000)  # a minute for all of it
        batch = destination.batch(dovecot, *users)
        if where == "source":
            batch["source"]["port"] = proxy.port
        else:
            batch = through(proxy, batch)
        run = program.start("run", program.batch(batch), "--json")
        run.until_said(f"{COUNT} messages, {COUNT} new", len(users))
        proxy.faults = Faults(refused=True)
        proxy.cut()
        run.until_said('"mailbox.waiting_for_link"', len(users))
        said = program.until("wave", waiting)
        why = f"{where} 127.0.0.1:{proxy.port}: nothing answers at this host and port"
        for mailbox in said["mailboxes"]:
            assert why in mailbox["why"]
            assert datetime.fromisoformat(mailbox["until"]) > datetime.fromisoformat(said["runner"]["since"])
            assert (mailbox["error"], mailbox["rate"], mailbox["eta"]) == (None, None, None)
        lines = [rf"wave: \w+ \(waiting for link\), {re.escape(why)}.*"]
        lines += [rf"{one} +\w+ \(waiting for link\) .*" for one in users]
        lines += [rf"{one}: {re.escape(why)}.* \(until \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\)" for one in users]
        until(lambda: says(program.run("status", "wave").stdout, lines))
        until(lambda: says(program.run("status").stdout, [r"wave +\w+ \(waiting for link\) .*"]))

        proxy.heal()
        run.wait()
        last = program.status("wave")
    assert sum(why in event and "; next try in " in event for event in run.output.splitlines()) >= len(users)
    assert run.output.count('"mailbox.link_back"') == len(users)
    for number, one in enumerate(users):
        assert counts_of(last, number) == {"copied": COUNT}
        assert places(destination.read(one)) == at_source(dovecot, one)
    assert {(one["condition"], one["until"], one["why"]) for one in last["mailboxes"]} == {(None, None, "")}


def waiting(status: dict[str, Any]) -> bool:
    """All of it, and for nobody to answer; during a try it is not shown."""
    conditions = {status["condition"], *(one["condition"] for one in status["mailboxes"])}
    return conditions == {"waiting_for_link"} and all("nothing answers" in one["why"] for one in status["mailboxes"])


def says(text: str, lines: list[str]) -> bool:
    """Whether each of these is a line of it."""
    return all(any(re.fullmatch(line, said) for said in text.splitlines()) for line in lines)
