"""`pause`, `resume`, `stop`: what is recorded, and what is said of who hears it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.status import Wish
from core.store.lease import Runner
from core.store.wanted import Wanted, Wishes

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine


def wishes(cli: "CommandLine", batch: str = "sales") -> Wishes:
    with cli.store() as database:
        return Wanted(database).read(batch)


@pytest.mark.parametrize(
    ("args", "wish"),
    [(["pause"], Wish.PAUSE), (["stop"], Wish.STOP), (["stop", "--now"], Wish.STOP_NOW), (["resume"], Wish.RUN)],
)
def test_the_wish_is_recorded_and_who_would_hear_it_is_said(cli: "CommandLine", args: list[str], wish: Wish) -> None:
    batch = cli.batch()
    cli("run", batch)
    ended = cli(*args, "sales")
    assert ended.code == 0
    assert wishes(cli).batch is wish
    assert f"nobody runs sales now; `mailcutover run {batch}` starts it" in ended.out
    assert ("lifts this wish" in ended.out) == (wish is not Wish.RUN)


def test_for_mailboxes_by_source_or_destination(cli: "CommandLine") -> None:
    batch = cli.batch(logins="ann ben cat")
    cli("run", batch)
    ended = cli("pause", batch, "--mailbox", "ann", "--mailbox", "Cat@new.example", "--json")
    assert json.loads(ended.out) == {
        "batch": "sales",
        "wish": "pause",
        "mailboxes": ["ann", "cat"],
        "runner": None,
    }
    assert wishes(cli) == Wishes(Wish.RUN, {"ann": Wish.PAUSE, "cat": Wish.PAUSE})
    ended = cli("resume", "sales")
    assert "still held by themselves: ann, cat" in ended.out
    cli("resume", "sales", "--mailbox", "ann", "--mailbox", "cat")
    assert "still held" not in cli("resume", "sales").out


def test_an_unknown_mailbox_records_nothing(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    ended = cli("stop", "sales", "--mailbox", "ben", "--mailbox", "benn")
    assert (ended.code, ended.out) == (2, "")
    assert 'did you mean "ben"?' in ended.err
    assert wishes(cli) == Wishes(Wish.RUN, {})


def test_a_batch_that_somebody_runs(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    with cli.store() as database:
        runner = Runner(database)
        runner.take("batch:sales")
        ended = cli("pause", "sales")
        as_json = cli("pause", "sales", "--json")
        runner.close()
    assert ended.out == "sales is to pause\n"
    assert json.loads(as_json.out)["runner"]["pid"] > 0


def test_a_file_that_never_ran_becomes_known(cli: "CommandLine") -> None:
    batch = cli.batch()
    ended = cli("pause", batch, "--mailbox", "ann")
    assert ended.code == 0
    assert wishes(cli).mailboxes == {"ann": Wish.PAUSE}
    assert cli("run", batch).code == 3


def test_a_file_that_broke_while_its_batch_runs_can_still_be_stopped(cli: "CommandLine") -> None:
    batch = cli.batch()
    cli("run", batch)
    with Path(batch).open("a") as file:
        file.write("[broken")
    assert cli("stop", batch).code == 0
    assert wishes(cli).batch is Wish.STOP


def test_a_name_nobody_knows(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    ended = cli("pause", "sails")
    assert (ended.code, ended.out) == (2, "")
    assert 'did you mean "sales"?' in ended.err
