"""Pause, resume and stop, for a batch and for one mailbox, by the store and by the process itself."""

from typing import TYPE_CHECKING

import pytest

from core.engine.context import Doors
from core.engine.host import Host
from core.ports.failure import Failure, Side
from core.ports.lifeline import aborted
from core.status import BatchStatus, Wish
from core.store.events import EventLog
from core.sync.context import PassContext, PassResult

if TYPE_CHECKING:
    from tests.core.engine.conftest import Scene


def test_a_batch_is_paused_with_its_connections_closed_and_resumed(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(logins="ann ben cat", options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    scene.want(Wish.PAUSE)
    scene.until(lambda: scene.statuses()[0] == ("ann", "Stopping", "paused"))
    assert (scene.view().status, scene.view().condition) == (BatchStatus.STOPPING, "paused")
    hold.go.set()
    scene.until(lambda: (scene.view().status, scene.view().condition) == (BatchStatus.STOPPED, "paused"))
    assert scene.statuses()[1:] == [("ben", "Queued", None), ("cat", "Queued", None)]
    assert not +scene.world.open
    assert not run.join(0)
    scene.want(Wish.RUN)
    assert run.join(20)
    assert run.exit_code == 0
    assert [scene.copied(login) for login in ("ann", "ben", "cat")] == [3, 3, 3]
    assert scene.kinds("") == [
        "batch.started",
        "batch.stopping",
        "batch.paused",
        "batch.resumed",
        "batch.finished",
    ]
    texts = [event.text for event in scene.events if event.kind == "batch.stopping"]
    assert texts == ["Pausing, 1 in flight"]


def test_a_mailbox_is_paused_and_resumed_while_the_others_go_on(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    scene.want(Wish.PAUSE, "ann")
    scene.until(lambda: scene.statuses()[0] == ("ann", "Stopping", "paused"))
    other = scene.hold(Side.SOURCE, "folders")
    hold.go.set()
    other.reached.wait(20)  # ben has begun
    scene.until(lambda: scene.statuses() == [("ann", "Stopped", "paused"), ("ben", "Syncing", None)])
    scene.want(Wish.RUN, "ann")
    scene.until(lambda: scene.statuses()[0] == ("ann", "Queued", None))
    other.go.set()
    assert run.join(20)
    assert run.exit_code == 0
    assert scene.copied("ann") == 3
    assert scene.kinds("ann") == [
        "mailbox.started",
        "mailbox.pausing",
        "mailbox.paused",
        "mailbox.resumed",
        "mailbox.finished",
    ]


def test_with_nothing_but_paused_mailboxes_left_a_run_ends_and_names_them(scene: "Scene") -> None:
    scene.want(Wish.PAUSE, "ann")
    run = scene.run(scene.batch())
    assert run.exit_code == 3
    assert run.paused == ["ann"]
    assert scene.statuses() == [("ann", "Stopped", "paused"), ("ben", "Synced", None)]
    assert (scene.view().status, scene.view().condition) == (BatchStatus.STOPPED, "paused")
    assert (Side.SOURCE, "ann", "connect") not in scene.world.calls


def test_a_run_lifts_the_wish_for_its_batch_not_for_a_mailbox(scene: "Scene") -> None:
    scene.want(Wish.STOP)
    scene.want(Wish.STOP, "ben")
    run = scene.run(scene.batch())
    assert run.exit_code == 3
    assert scene.statuses() == [("ann", "Synced", None), ("ben", "Stopped", None)]


def test_a_batch_that_is_paused_stays_and_can_then_be_stopped(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    scene.want(Wish.PAUSE)
    scene.until(lambda: scene.view().status is BatchStatus.STOPPING)
    hold.go.set()
    scene.until(lambda: scene.view().status is BatchStatus.STOPPED)
    scene.want(Wish.STOP)
    assert run.join(20)
    assert run.exit_code == 3
    assert scene.statuses() == [("ann", "Stopped", None), ("ben", "Queued", None)]
    assert (scene.view().status, scene.view().condition) == (BatchStatus.STOPPED, None)


@pytest.mark.parametrize("how", ["wish", "process"])
def test_a_stop_ends_the_run_at_a_message_boundary_and_the_next_goes_on(scene: "Scene", how: str) -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    if how == "wish":
        scene.want(Wish.STOP)
    else:
        run.stop()
    scene.until(lambda: scene.statuses()[0] == ("ann", "Stopping", None))
    assert scene.view().status is BatchStatus.STOPPING
    assert run.in_flight == 1
    hold.go.set()
    assert run.join(20)
    assert run.exit_code == 3
    assert scene.statuses() == [("ann", "Stopped", None), ("ben", "Queued", None)]
    assert scene.kinds("") == ["batch.started", "batch.stopping", "batch.stopped"]
    assert scene.copied("ann") == 3, "what was in flight is kept"
    assert scene.run(scene.batch()).exit_code == 0
    assert (scene.copied("ann"), scene.copied("ben")) == (3, 3)


@pytest.mark.parametrize("how", ["wish", "process"])
def test_stop_now_is_told_to_the_pass(scene: "Scene", how: str) -> None:
    told: list[tuple[bool, bool]] = []

    def waiting(context: PassContext) -> PassResult:
        context.control.wait(20)
        told.append((context.control.stopping(), context.control.cut()))
        return PassResult(finished=False, new=0, flags_changed=0, rejected=0)

    host = Host(scene.database, doors=Doors(scene.world.open_source, scene.world.open_destination, waiting))
    run = host.start(scene.batch(logins="ann"))
    scene.until(lambda: run.in_flight)
    if how == "wish":
        scene.want(Wish.STOP_NOW)
    else:
        run.stop(now=True)
    assert run.join(20)
    host.close()
    assert told == [(True, True)]
    assert run.exit_code == 3


@pytest.mark.parametrize("how", ["wish", "process"])
def test_stop_now_ends_both_connections(scene: "Scene", how: str) -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(logins="ann"))
    hold.reached.wait(20)
    run.stop()
    assert scene.world.aborted == [], "what is in flight has its time"
    if how == "wish":
        scene.want(Wish.STOP_NOW)
    else:
        run.stop(now=True)
    scene.until(lambda: len(scene.world.aborted) == 2)
    assert set(scene.world.aborted) == {(Side.SOURCE, "ann", False), (Side.DESTINATION, "ann@new.example", False)}
    hold.go.set()
    assert run.join(20)


def test_a_silent_server_holds_no_pause_up_but_a_write_may_finish(scene: "Scene") -> None:
    scene.host._patience = type(scene.host._patience)(grace=0.01)
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(logins="ann ben", options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    scene.want(Wish.PAUSE, "ann")
    scene.until(lambda: len(scene.world.aborted) == 2)
    assert set(scene.world.aborted) == {(Side.SOURCE, "ann", False), (Side.DESTINATION, "ann@new.example", True)}
    hold.go.set()
    assert run.join(20)
    assert scene.statuses() == [("ann", "Stopped", "paused"), ("ben", "Synced", None)]
    assert len(scene.world.aborted) == 2


@pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.STOP_NOW])
def test_a_call_that_was_cut_off_is_no_lost_link(scene: "Scene", wish: Wish) -> None:
    def trouble(side: Side, who: str, call: str) -> Failure | None:
        if call != "write":
            return None
        scene.want(wish, "ann")
        scene.until(lambda: scene.statuses()[0][1] == "Stopping")
        return aborted(side, in_doubt=True)

    scene.world.trouble = trouble
    assert scene.run(scene.batch(logins="ann")).exit_code == 3
    assert scene.statuses() == [("ann", "Stopped", "paused" if wish is Wish.PAUSE else None)]
    assert "mailbox.waiting_for_link" not in scene.kinds("ann")
    scene.world.trouble = lambda side, who, call: None
    scene.want(Wish.RUN, "ann")
    assert scene.run(scene.batch(logins="ann")).exit_code == 0
    assert scene.copied("ann") == 3


def test_a_mailbox_that_never_had_its_turn_is_what_it_was(scene: "Scene") -> None:
    scene.run(scene.batch())
    hold = scene.hold(Side.SOURCE, "folders")
    run = scene.start(scene.batch(options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    scene.until(lambda: scene.statuses()[1] == ("ben", "Queued", None))
    run.stop()
    hold.go.set()
    assert run.join(20)
    assert scene.statuses() == [("ann", "Stopped", None), ("ben", "Synced", None)]


def test_a_stop_when_all_is_done_changes_nothing(scene: "Scene") -> None:
    run = scene.run(scene.batch())
    run.stop()
    assert run.exit_code == 0
    assert scene.view().status is BatchStatus.SYNCED


def test_resumed_before_it_had_stopped_it_goes_on_with_another_pass(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(logins="ann"))
    hold.reached.wait(20)
    scene.want(Wish.PAUSE)
    scene.until(lambda: scene.statuses() == [("ann", "Stopping", "paused")])
    scene.want(Wish.RUN)
    scene.until(lambda: "batch.resumed" in scene.kinds(""))
    hold.go.set()
    assert run.join(20)
    assert run.exit_code == 0
    assert scene.copied("ann") == 3
    assert "mailbox.paused" not in scene.kinds("ann")


def test_every_word_is_in_the_log_of_the_store_too(scene: "Scene") -> None:
    scene.want(Wish.PAUSE, "ann")
    scene.run(scene.batch())
    stored = [event.kind.value for _, event in EventLog(scene.database).read("sales", mailbox="ann")]
    assert stored == ["mailbox.paused"]
