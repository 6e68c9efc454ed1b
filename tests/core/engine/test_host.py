"""A batch from start to end: what is moved, what is shown, what is told, how it ends."""

from typing import TYPE_CHECKING, NoReturn

import pytest
from sqlalchemy import update

from core.engine.context import Doors
from core.engine.host import Host
from core.errors import HeldError, SecretError, StateError, UserError
from core.event import EventKind
from core.ports.failure import Action, Failure, Side
from core.status import BatchStatus
from core.store import schema
from core.store.events import EventLog
from core.store.holder import holder
from core.store.known import find
from core.sync.context import PassContext, PassResult

if TYPE_CHECKING:
    from tests.core.engine.conftest import Scene


def test_every_mailbox_is_moved_and_everything_is_said(scene: "Scene") -> None:
    run = scene.run(scene.batch())
    assert run.exit_code == 0
    assert (scene.copied("ann"), scene.copied("ben")) == (3, 3)
    assert scene.statuses() == [("ann", "Synced", None), ("ben", "Synced", None)]
    assert scene.view().status is BatchStatus.SYNCED
    assert scene.kinds("") == ["batch.started", "batch.finished"]
    assert scene.kinds("ann") == ["mailbox.started", "mailbox.finished"]
    ann = scene.views()["ann"]
    assert (ann.pass_kind, ann.pass_new, ann.counts.copied, ann.error) == ("initial", 3, 3, None)
    assert ann.synced is not None
    assert holder(scene.database, "batch:sales") is None


def test_what_servers_want_people_to_read_is_said_once_however_many_tries_it_takes(scene: "Scene") -> None:
    scene.world.alert = "down tonight"
    lost = Failure(Action.RETRY, "LOST", "the link broke")
    tries = iter([lost, lost])
    scene.world.trouble = lambda side, who, call: next(tries, None) if call == "write" else None
    assert scene.run(scene.batch(logins="ann")).exit_code == 0
    assert scene.kinds("ann").count("mailbox.waiting_for_link") == 2
    assert [event.text for event in scene.events if event.kind is EventKind.MAILBOX_ALERT] == [
        "source old.example:993: the server says: down tonight",
        "destination new.example:443: the server says: down tonight",
    ]


def test_the_log_in_the_store_holds_what_was_told(scene: "Scene") -> None:
    scene.run(scene.batch())
    assert [event for _, event in EventLog(scene.database).read("sales")] == scene.events


def test_the_next_run_is_incremental_and_finds_nothing_new(scene: "Scene") -> None:
    scene.run(scene.batch())
    scene.events.clear()
    assert scene.run(scene.batch()).exit_code == 0
    assert scene.statuses() == [("ann", "IncrementalSynced", None), ("ben", "IncrementalSynced", None)]
    assert [e.text for e in scene.events if e.kind == "mailbox.finished"] == ["incremental pass ended: nothing new"] * 2
    assert scene.copied("ann") == 3


def test_a_second_batch_of_the_same_pair_goes_on_where_the_first_was(scene: "Scene") -> None:
    scene.run(scene.batch("first", logins="ann"))
    scene.world.source("ann", messages=1)
    scene.run(scene.batch("second", logins="ann"))
    ann = scene.views("second")["ann"]
    assert (ann.status, ann.pass_kind, ann.pass_new, ann.counts.copied) == ("IncrementalSynced", "incremental", 1, 4)
    assert scene.copied("ann") == 4


def test_what_runs_is_shown_while_it_runs(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    scene.until(lambda: scene.statuses() == [("ann", "Syncing", None), ("ben", "Queued", None)])
    assert scene.view().status is BatchStatus.SYNCING
    assert run.in_flight == 1
    hold.go.set()
    assert run.join(20)
    assert run.in_flight == 0


def test_a_refused_sign_in_fails_that_mailbox_alone(scene: "Scene") -> None:
    refused = Failure(
        Action.STOP_MAILBOX, "AUTHENTICATIONFAILED", "the sign-in was refused", "no\x1b[31m", sign_in=True
    )
    scene.world.trouble = lambda side, who, call: refused if (who, call) == ("ann", "connect") else None
    assert scene.run(scene.batch()).exit_code == 1
    assert scene.statuses() == [("ann", "Failed", None), ("ben", "Synced", None)]
    assert scene.views()["ann"].error == "source old.example:993: the sign-in was refused (no␛[31m)"
    assert scene.view().status is BatchStatus.SYNCED_WITH_ERRORS
    assert scene.kinds("ann") == ["mailbox.failed"]


def test_a_secret_that_has_gone_fails_its_mailbox_with_all_that_is_said(scene: "Scene") -> None:
    def trouble(side: Side, who: str, call: str) -> Failure | None:
        if (who, call) == ("ann", "connect"):
            raise SecretError("password of ann: env:PASSWORD: is not set", "and no more is known")
        return None

    scene.world.trouble = trouble
    assert scene.run(scene.batch()).exit_code == 1
    assert scene.views()["ann"].error == "password of ann: env:PASSWORD: is not set; and no more is known"
    assert scene.views()["ben"].status == "Synced"


def test_a_failed_mailbox_is_well_again_after_a_good_pass(scene: "Scene") -> None:
    refused = Failure(Action.STOP_MAILBOX, "AUTHENTICATIONFAILED", "the sign-in was refused", sign_in=True)
    scene.world.trouble = lambda side, who, call: refused if call == "connect" else None
    assert scene.run(scene.batch()).exit_code == 1
    assert scene.view().status is BatchStatus.FAILED
    scene.world.trouble = lambda side, who, call: None
    assert scene.run(scene.batch()).exit_code == 0
    assert [view.error for view in scene.views().values()] == [None, None]


def test_a_full_mailbox_says_so(scene: "Scene") -> None:
    full = Failure(Action.STOP_MAILBOX, "ErrorQuotaExceeded", "the mailbox is full", quota=True)
    scene.world.trouble = lambda side, who, call: full if (who, call) == ("ann@new.example", "write") else None
    assert scene.run(scene.batch()).exit_code == 1
    assert scene.statuses()[0] == ("ann", "Failed", "quota")
    assert scene.kinds("ann") == ["mailbox.started", "mailbox.quota", "mailbox.failed"]


def test_a_certificate_that_nobody_vouches_for_fails_the_batch_at_once(scene: "Scene") -> None:
    bad = Failure(Action.STOP_BATCH, "certificate", "the certificate does not verify")
    scene.world.trouble = lambda side, who, call: bad if (side, call) == (Side.DESTINATION, "connect") else None
    logins = " ".join(f"user{n}" for n in range(8))
    assert scene.run(scene.batch(logins=logins, options={"mailboxes_at_once": 1})).exit_code == 1
    assert {status for _, status, _ in scene.statuses()} == {"Failed"}
    assert scene.view().status is BatchStatus.FAILED
    tried = sum(number for (_, _, call), number in scene.world.calls.items() if call == "connect")
    assert tried == 2, "one mailbox tried, the seven others did not have to"


def test_rejected_messages_leave_the_mailbox_synced_and_the_batch_with_errors(scene: "Scene") -> None:
    scene.world.source("ann", messages=1).folder("INBOX").messages[1].data = b"x" * 3000
    batch = scene.batch(options={"max_message_size": 2000})
    assert scene.run(batch).exit_code == 0, "our own limit is a rule, not a refusal"
    refused = Failure(Action.REJECT, "ErrorMimeContentInvalid", "the destination refuses it")
    scene.world.source("ben", messages=1)
    scene.world.trouble = lambda side, who, call: refused if call == "write" else None
    assert scene.run(batch).exit_code == 1
    assert scene.statuses() == [("ann", "IncrementalSynced", None), ("ben", "IncrementalSynced", None)]
    assert scene.view().status is BatchStatus.SYNCED_WITH_ERRORS
    scene.world.trouble = lambda side, who, call: None
    assert scene.run(batch).exit_code == 1, "a rejection stays until it is copied or approved"
    assert scene.run(batch, retry_rejected=True).exit_code == 0
    assert scene.view().status is BatchStatus.SYNCED


def test_a_fault_of_our_own_fails_its_mailbox_and_is_kept(scene: "Scene") -> None:
    def faulty(context: PassContext) -> PassResult:
        if context.narrate.mailbox == "ann":
            raise KeyError("password hunter2")
        return scene.doors.run_pass(context)

    host = Host(scene.database, doors=Doors(scene.world.open_source, scene.world.open_destination, faulty))
    run = host.start(scene.batch(), tell=scene.events.append)
    assert run.join(20)
    host.close()
    assert run.exit_code == 70
    assert [type(fault) for fault in run.faults] == [KeyError]
    assert scene.statuses() == [("ann", "Failed", None), ("ben", "Synced", None)]
    assert scene.kinds("ann") == ["mailbox.started", "fault"]
    assert "hunter2" not in str(scene.views()["ann"].error)


def test_a_fault_that_nobody_foresaw_ends_the_batch_in_order(scene: "Scene") -> None:
    def faulty(context: PassContext) -> PassResult:
        raise SystemExit("what a library should not do")

    host = Host(scene.database, doors=Doors(scene.world.open_source, scene.world.open_destination, faulty))
    run = host.start(scene.batch(options={"mailboxes_at_once": 1}))
    assert run.join(20)
    host.close()
    assert (run.exit_code, [type(fault) for fault in run.faults]) == (70, [SystemExit])
    assert holder(scene.database, "batch:sales") is None
    assert scene.view().status is BatchStatus.STOPPED
    assert {status for _, status, _ in scene.statuses()} == {"Stopped", "Queued"}


def test_a_store_that_cannot_be_read_any_more_ends_the_batch(scene: "Scene", monkeypatch: pytest.MonkeyPatch) -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch())
    hold.reached.wait(20)

    def broken(*_: object) -> NoReturn:
        raise StateError("the disk is gone")

    monkeypatch.setattr("core.store.wanted.Wanted.read", broken)
    scene.until(lambda: run.faults)
    assert not run.join(0), "what is in flight finishes"
    hold.go.set()
    assert run.join(20)
    assert (run.exit_code, [str(fault) for fault in run.faults]) == (2, ["the disk is gone"])


def test_some_mailboxes_of_a_batch(scene: "Scene") -> None:
    batch = scene.batch(logins="ann ben cat")
    assert scene.run(batch, mailboxes=["BEN@new.example"]).exit_code == 0
    assert scene.statuses() == [("ann", "Queued", None), ("ben", "Synced", None), ("cat", "Queued", None)]
    assert scene.view().status is BatchStatus.STOPPED
    assert scene.run(batch, mailboxes=["ann", "cat"]).exit_code == 0
    assert scene.view().status is BatchStatus.SYNCED


def test_a_mailbox_it_does_not_have_is_refused_before_anything_is_held(scene: "Scene") -> None:
    with pytest.raises(UserError, match="ann"):
        scene.start(scene.batch(), mailboxes=["anne"])
    assert holder(scene.database, "batch:sales") is None
    assert find(scene.database, "sales") is None


def test_a_batch_runs_once_at_a_time(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch())
    hold.reached.wait(20)
    with pytest.raises(HeldError, match="by this process"):
        scene.start(scene.batch())
    other = Host(scene.database, doors=scene.doors)
    with pytest.raises(HeldError, match="process"):
        other.start(scene.batch())
    other.close()
    hold.go.set()
    assert run.join(20)
    assert scene.run(scene.batch()).exit_code == 0


def test_two_batches_never_move_one_pair_at_once(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    first = scene.start(scene.batch("first", logins="ann"))
    hold.reached.wait(20)
    second = scene.start(scene.batch("second", logins="ann ben"))
    scene.until(lambda: scene.views("second")["ann"].status == "Failed")
    assert "ann at old.example -> ann@new.example at new.example is moved" in str(scene.views("second")["ann"].error)
    hold.go.set()
    assert first.join(20)
    assert second.join(20)
    assert (first.exit_code, second.exit_code) == (0, 4)
    assert scene.copied("ann") == 3


def test_a_run_between_two_passes_sees_that_it_was_taken_over(scene: "Scene") -> None:
    run = scene.start(scene.batch(), watch=True)
    scene.until(lambda: scene.view().next_pass is not None)
    lease = schema.lease
    mine = update(lease).where(lease.c.name == "batch:sales").values(run="another", host="far.example")
    scene.database.writer.do(lambda connection: connection.execute(mine))
    assert run.join(20)
    assert run.exit_code == 4
    assert ["while this process stood still, far.example, process" in str(fault) for fault in run.faults] == [True]
    assert scene.view().next_pass is not None, "what is shown is the other's"


def test_never_more_connections_than_allowed_nor_mailboxes_than_asked(scene: "Scene") -> None:
    logins = " ".join(f"user{n}" for n in range(12))
    batch = scene.batch(logins=logins, options={"mailboxes_at_once": 8})
    narrow = batch.model_copy(update={"source": batch.source.model_copy(update={"max_connections": 2})})
    assert scene.run(narrow).exit_code == 0
    assert scene.world.most == {Side.SOURCE: 2, Side.DESTINATION: 2}
    assert scene.run(batch).exit_code == 0
    assert scene.world.most[Side.SOURCE] <= 8


def test_closing_the_host_stops_what_runs(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    hold.go.set()
    scene.host.close()
    assert run.exit_code in {0, 3}
    assert holder(scene.database, "batch:sales") is None
