"""`remove`: what is forgotten, and what only on a typed name."""

import json
from typing import TYPE_CHECKING

import pytest

from core.store.lease import Runner

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine


def test_a_batch_is_forgotten_and_its_ledger_kept(cli: "CommandLine") -> None:
    batch = cli.batch()
    cli("run", batch)
    assert cli("remove", "sales").out == "sales is forgotten; its ledger is kept\n"
    assert json.loads(cli("status", "--json").out) == {"batches": []}
    assert cli("log", "sales").code == 2
    assert cli("run", batch).out.startswith("sales: Synced. Nothing copied.")
    assert cli.world.destination("ann@new.example").count() == 3


def test_a_running_batch_is_not(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    with cli.store() as database:
        runner = Runner(database)
        runner.take("batch:sales")
        ended = cli("remove", "sales")
        runner.close()
    assert (ended.code, ended.out) == (4, "")
    assert "is run by" in ended.err
    assert cli("status", "sales").code == 0


@pytest.mark.parametrize("args", [[], ["--yes-forget", "sale"]])
def test_without_the_name_the_ledger_is_not_forgotten(cli: "CommandLine", args: list[str]) -> None:
    cli("run", cli.batch())
    ended = cli("remove", "sales", "--forget-ledger", *args)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert cli("status", "sales").code == 0


def test_with_the_name_it_is(cli: "CommandLine") -> None:
    batch = cli.batch()
    cli("run", batch)
    ended = cli("remove", "sales", "--forget-ledger", "--yes-forget", "sales", "--json")
    assert json.loads(ended.out) == {"batch": "sales", "removed": True, "ledger": "forgotten"}
    cli("run", batch)
    (known,) = json.loads(cli("status", "--json").out)["batches"]
    assert known["mailboxes"][0]["messages"]["already_there"] == 3, "found again at the destination"
    assert cli.world.destination("ann@new.example").count() == 3


def test_the_name_alone_means_nothing(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    assert cli("remove", "sales", "--yes-forget", "sales").code == 2
    assert cli("status", "sales").code == 0


def test_typed_at_a_terminal(cli: "CommandLine", monkeypatch: pytest.MonkeyPatch) -> None:
    cli("run", cli.batch())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *_, **__: "sales")
    ended = cli("remove", "sales", "--forget-ledger")
    assert (ended.code, ended.out) == (0, "sales is forgotten; its ledger, too\n")
