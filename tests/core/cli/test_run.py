"""`run`: what it prints, and how it ends."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.engine import host
from core.engine.retry import Patience
from core.ports.failure import Action, Failure, Side
from core.status import Wish
from core.store.lease import Runner
from core.store.wanted import Wanted

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine

REFUSED = Failure(Action.REJECT, "ErrorMimeContentInvalid", "the destination cannot read it")


def table(out: str) -> list[list[str]]:
    """The cells of the summary's table."""
    lines = out.split("\n\n")[1].splitlines()
    return [line.split() for line in lines]


def test_a_run_narrates_on_stderr_and_sums_up_on_stdout(cli: "CommandLine") -> None:
    ended = cli("run", cli.batch())
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "sales: Synced. 6 messages copied."
    assert table(ended.out) == [
        ["MAILBOX", "STATUS", "COPIED", "ALREADY", "THERE", "SKIPPED", "REJECTED", "VANISHED", "PENDING", "TOTAL"],
        ["ann", "Synced", "3", "0", "0", "0", "0", "0", "3"],
        ["ben", "Synced", "3", "0", "0", "0", "0", "0", "3"],
        ["all", "6", "0", "0", "0", "0", "0", "6"],
    ]
    told = [line.partition(" ")[2] for line in ended.err.splitlines()]
    assert told[0] == "2 mailboxes"
    assert "ann: initial pass ended: 3 copied" in told
    assert told[-1] == "Synced"
    assert "\x1b" not in ended.err, "no progress where there is no terminal"


def test_nothing_new_is_said_plainly(cli: "CommandLine") -> None:
    batch = cli.batch()
    cli("run", batch)
    ended = cli("run", batch)
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "sales: Synced. Nothing new."


def test_nothing_new_is_not_said_when_not_everything_was_looked_at(cli: "CommandLine") -> None:
    batch = cli.batch()
    cli("run", batch)
    cli("pause", batch, "--mailbox", "ann")
    assert cli("run", batch).out.splitlines()[0] == "sales: Stopped (paused). Nothing copied."


def test_rejected_messages_are_listed_with_their_reasons(cli: "CommandLine") -> None:
    batch = cli.batch()
    cli.world.source("ann", messages=1, folder="Projects/\x1b[31mOld")
    cli.world.trouble = lambda side, who, call: REFUSED if (who, call) == ("ann@new.example", "write") else None
    ended = cli("run", batch)
    assert ended.code == 1
    assert "sales: SyncedwithErrors." in ended.out
    assert "4 messages rejected (tried again with --retry-rejected):" in ended.out
    assert "  ann INBOX/1: the destination cannot read it" in ended.out
    assert "  ann Projects/␛[31mOld/1: the destination cannot read it" in ended.out
    again = cli("run", batch)
    assert (again.code, again.out.splitlines()[0]) == (1, "sales: SyncedwithErrors. Nothing new."), "they stay rejected"
    summary = json.loads(cli("run", batch, "--json").out.splitlines()[-1])
    reason = "the destination cannot read it"
    assert summary["rejected"][0] == {"mailbox": "ann", "folder": "INBOX", "uid": 1, "reason": reason}
    assert len(summary["rejected"]) == 4
    cli.world.trouble = lambda side, who, call: None
    assert cli("run", batch, "--retry-rejected").code == 0


def test_new_mail_that_was_not_copied_is_not_nothing_new(cli: "CommandLine") -> None:
    batch = cli.batch()
    cli("run", batch)
    cli.world.trouble = lambda side, who, call: REFUSED if call == "write" else None
    cli.world.source("ann", messages=1)
    ended = cli("run", batch)
    assert ended.out.splitlines()[0] == "sales: SyncedwithErrors. Nothing copied."
    assert "ann: incremental pass ended: nothing copied, 1 rejected in all" in ended.err
    assert "ben: incremental pass ended: nothing new" in ended.err


def test_a_failed_mailbox_is_named_with_its_reason(cli: "CommandLine") -> None:
    wrong = Failure(Action.STOP_MAILBOX, "AUTHENTICATIONFAILED", "the sign-in was refused", sign_in=True)
    cli.world.trouble = lambda side, who, call: wrong if (who, call) == ("ben", "connect") else None
    ended = cli("run", cli.batch())
    assert ended.code == 1
    assert "ben: source old.example:993: the sign-in was refused" in ended.out
    assert "ERROR ben: source old.example:993: the sign-in was refused" in ended.err


def test_json_is_one_event_a_line_and_a_summary(cli: "CommandLine") -> None:
    ended = cli("run", cli.batch(), "--json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.err == ""
    keys = ["time", "level", "batch", "mailbox", "folder", "uid", "event", "text"]
    assert all(list(line)[:8] == keys for line in lines)
    copied = [(line["mailbox"], line["folder"], line["uid"]) for line in lines if line["event"] == "message.copied"]
    assert sorted(copied) == [(login, "INBOX", uid) for login in ("ann", "ben") for uid in (1, 2, 3)]
    assert lines[0] == lines[0] | {"event": "batch.started", "mailbox": None, "folder": None, "uid": None}
    summary = lines[-1]
    assert summary["event"] == "summary"
    assert summary["exit_code"] == 0
    (batch,) = summary["status"]["batches"]
    assert [(box["source"], box["messages"]["copied"]) for box in batch["mailboxes"]] == [("ann", 3), ("ben", 3)]
    assert batch["runner"] is None
    assert [line["event"] for line in lines].count("summary") == 1


def test_some_mailboxes_by_source_or_destination(cli: "CommandLine") -> None:
    batch = cli.batch(logins="ann ben cat")
    ended = cli("run", batch, "--mailbox", "ann", "--mailbox", "BEN@new.example")
    assert ended.code == 0
    assert [row[0] for row in table(ended.out)[1:]] == ["ann", "ben", "all"]
    assert cli.world.destination("cat@new.example").count() == 0


def test_unknown_mailboxes_are_usage_one_line_each(cli: "CommandLine") -> None:
    ended = cli("run", cli.batch(), "--mailbox", "anne", "--mailbox", "zoe")
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 2
    assert 'did you mean "ann"?' in ended.err


def test_every_problem_of_a_batch_file_is_a_line_and_exit_code_2(cli: "CommandLine") -> None:
    batch = cli.batch(options='max_mesage_size = "3 MB"\nmailboxes_at_once = 0')
    ended = cli("run", batch)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 2
    assert all(line.startswith(f"mailcutover: {batch}: options.") for line in ended.err.splitlines())


def test_a_secret_that_is_not_there_is_usage_and_nothing_is_begun(
    cli: "CommandLine", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EXCHANGE_PASSWORD")
    ended = cli("run", cli.batch())
    assert ended.code == 2
    assert "env:EXCHANGE_PASSWORD" in ended.err
    assert "hunter" not in ended.err
    assert not cli.world.calls


def test_a_batch_by_its_name_once_it_is_known(cli: "CommandLine") -> None:
    batch = cli.batch()
    assert cli("run", "sales").code == 2
    assert cli("run", batch).code == 0
    assert cli("run", "sales").code == 0
    ended = cli("run", "sale")
    assert (ended.code, 'did you mean "sales"?' in ended.err) == (2, True)


def test_a_name_that_another_file_has_is_refused(cli: "CommandLine") -> None:
    first = cli.batch()
    cli("run", first)
    second = cli.folder / "copy.toml"
    second.write_text(Path(first).read_text())
    ended = cli("run", str(second))
    assert ended.code == 2
    assert f"{first} is batch sales already" in ended.err


def test_a_batch_that_another_process_holds_is_exit_code_4(cli: "CommandLine") -> None:
    batch = cli.batch()
    with cli.store() as database:
        runner = Runner(database)
        runner.take("batch:sales")
        ended = cli("run", batch)
        runner.close()
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith("mailcutover: batch sales is run by ")
    assert len(ended.err.splitlines()) == 1


def test_paused_mailboxes_are_left_and_named_with_exit_code_3(cli: "CommandLine") -> None:
    batch = cli.batch()
    with cli.store() as database:
        Wanted(database).want("sales", Wish.PAUSE, "ann")
        Wanted(database).want("sales", Wish.PAUSE)
    ended = cli("run", batch)
    assert ended.code == 3
    assert "Paused or stopped, and not done: ann" in ended.out
    assert cli.world.destination("ben@new.example").count() == 3, "a batch's own pause is lifted"


def test_a_server_that_never_answers_fails_the_run(cli: "CommandLine", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "Patience", lambda: Patience((0, 0), 0, 0))
    silent = Failure(Action.RETRY, "ECONNREFUSED", "old.example does not answer")
    cli.world.trouble = lambda side, who, call: silent if (side, call) == (Side.SOURCE, "connect") else None
    ended = cli("run", cli.batch())
    assert ended.code == 1
    assert "ann: source old.example:993: old.example does not answer; it did not answer in 3 tries" in ended.out
    assert "sales: Failed." in ended.out


def test_a_fault_of_our_own_leaves_a_crash_file_and_a_summary(
    cli: "CommandLine", monkeypatch: pytest.MonkeyPatch
) -> None:
    def trouble(side: Side, who: str, call: str) -> Failure | None:
        if (who, call) == ("ann", "folders"):
            raise ZeroDivisionError
        return None

    cli.world.trouble = trouble
    ended = cli("run", cli.batch())
    assert ended.code == 70
    (crash,) = cli.state.glob("crash-*.txt")
    assert f"(ZeroDivisionError); the details are in {crash}" in ended.err
    assert "in trouble" in crash.read_text()
    assert "ann: a fault of mailcutover's own: ZeroDivisionError" in ended.out
    assert cli.world.destination("ben@new.example").count() == 3


def test_no_secret_is_printed_logged_or_stored(cli: "CommandLine") -> None:
    printed = cli("run", cli.batch(), "--json")
    printed_too = cli("log", "sales", "--level", "debug")
    assert "hunter" not in printed.out + printed.err + printed_too.out
    for path in cli.state.iterdir():
        assert b"hunter" not in path.read_bytes(), path
