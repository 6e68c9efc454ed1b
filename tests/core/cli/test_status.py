"""`status`: for people and for scripts."""

import json
from typing import TYPE_CHECKING

from core.ports.failure import Action, Failure, Side
from core.store.lease import Runner

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine


def test_a_new_store_says_what_to_do(cli: "CommandLine") -> None:
    ended = cli("status")
    assert (ended.code, ended.out) == (0, "No batch was run here yet; `mailcutover run BATCH.toml` runs one.\n")
    assert json.loads(cli("status", "--json").out) == {"batches": []}


def test_all_batches_in_a_line_each(cli: "CommandLine") -> None:
    cli("run", cli.batch("first"))
    cli("run", cli.batch("second", logins="cat"))
    head, first, second = cli("status").out.splitlines()
    assert head.split()[:3] == ["BATCH", "STATUS", "MAILBOXES"]
    assert first.split()[:6] == ["first", "Synced", "2", "0", "6", "0"]
    assert first.endswith("nobody")
    assert second.split()[:3] == ["second", "Synced", "1"]


def test_one_batch_with_its_mailboxes_and_what_is_wrong_with_them(cli: "CommandLine") -> None:
    batch = cli.batch()
    wrong = Failure(Action.STOP_MAILBOX, "AUTHENTICATIONFAILED", "the sign-in was refused", sign_in=True)
    cli.world.trouble = lambda side, who, call: wrong if (who, call) == ("ben", "connect") else None
    cli("run", batch)
    for argument in ("sales", batch):
        lines = cli("status", argument).out.splitlines()
        assert lines[0] == "sales: SyncedwithErrors"
        assert lines[1] == f"file: {batch}"
        assert lines[2] == "run by: nobody; `mailcutover run sales` goes on"
        assert lines[-1] == "ben: source old.example:993: the sign-in was refused"


def test_who_runs_it(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    with cli.store() as database:
        runner = Runner(database)
        runner.take("batch:sales")
        text, data = cli("status", "sales").out, json.loads(cli("status", "sales", "--json").out)
        runner.close()
    assert "run by: " in text
    assert "nobody" not in text
    assert set(data["batches"][0]["runner"]) == {"host", "pid", "since", "heartbeat"}


def test_json_holds_what_the_contract_says(cli: "CommandLine") -> None:
    cli("run", cli.batch())
    (batch,) = json.loads(cli("status", "sales", "--json").out)["batches"]
    assert set(batch) == {"name", "status", "condition", "runner", "mailboxes"}
    assert set(batch["mailboxes"][0]) == {
        "source",
        "destination",
        "status",
        "condition",
        "until",
        "why",
        "messages",
        "altered",
        "bytes",
        "rate",
        "eta",
        "pass",
        "error",
    }


def test_what_went_in_another_form_is_counted_and_the_log_names_it(cli: "CommandLine") -> None:
    wrong = Failure(Action.REJECT, "FORM", "the form is wrong", form=True)

    def trouble(side: Side, who: str, call: str) -> Failure | None:
        """Until one message of the three is alone, and refused as it is."""
        first = call == "write" and cli.world.calls[side, who, call] <= 3
        return wrong if first and who == "ann@new.example" else None

    cli.world.trouble = trouble
    ran = cli("run", cli.batch())
    changes = "attached whole as original.eml to a message of its own"
    why = "refused as it is: the form is wrong"
    said = [
        "refused as they were, and copied in another form: 1 wrapped",
        f"  ann INBOX/3: wrapped: {changes}; {why}",
    ]
    assert ran.code == 0
    for printed in (ran.out, cli("status", "sales").out):
        lines = printed.splitlines()
        at = lines.index(said[0])
        assert lines[at : at + 2] == said
    (batch,) = json.loads(cli("status", "sales", "--json").out)["batches"]
    ann, ben = (mailbox["altered"] for mailbox in batch["mailboxes"])
    assert ann == {
        "repaired": 0,
        "wrapped": 1,
        "messages": [
            {"folder": "INBOX", "uid": 3, "form": "wrapped", "changes": changes, "refused": why, "original": None}
        ],
    }
    assert ben == {"repaired": 0, "wrapped": 0, "messages": []}
    named = [line for line in cli("log", "sales").out.splitlines() if "wrapped: attached whole" in line]
    assert len(named) == 1
    assert "refused as it is: the form is wrong" in named[0]


def test_a_batch_nobody_knows(cli: "CommandLine") -> None:
    for argument in ("nosuch", "./nosuch.toml"):
        ended = cli("status", argument)
        assert (ended.code, ended.out) == (2, "")
        assert len(ended.err.splitlines()) == 1
