"""What is changed of a batch while it runs counts at once, and its active hours hold it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from core.batch.dials import Dial, check, settings, turned
from core.engine.live import check_dials
from core.errors import UserError
from core.ports.failure import Failure, Side
from core.status import BatchStatus, Condition, Demand, Wish
from core.store.dials import Dials
from core.store.wanted import Wanted

if TYPE_CHECKING:
    from tests.core.engine.conftest import Scene


def hours(begin: timedelta, end: timedelta) -> str:
    now = datetime.now().astimezone()
    return f"{now + begin:%H:%M}-{now + end:%H:%M}"


#: In half a day's time, and half a day around now.
CLOSED = (timedelta(hours=6), timedelta(hours=12))
OPEN = (timedelta(hours=-6), timedelta(hours=6))


def turn(scene: "Scene", dial: Dial, text: str | None) -> None:
    Dials(scene.database).turn("sales", dial, text if text is None else check(dial, text))


def test_outside_its_hours_a_batch_waits_and_says_so(scene: "Scene") -> None:
    run = scene.start(scene.batch(options={"active_hours": hours(*CLOSED)}))
    scene.until(lambda: scene.view().condition is Condition.WAITING_FOR_HOURS)
    view = scene.view()
    assert (view.status, view.why) == (BatchStatus.WAITING, "outside options.active_hours")
    assert view.until is not None
    assert not scene.world.calls
    turn(scene, Dial.ACTIVE_HOURS, "")
    assert run.join(20)
    assert run.exit_code == 0
    assert scene.copied("ann") == scene.copied("ben") == 3
    changed = [event.text for event in scene.events if event.kind == "batch.changed"]
    assert changed == ["differs from its file: options.active_hours = no limit"]


def test_when_its_hours_end_a_mailbox_stops_at_a_message_and_goes_on_when_they_begin(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(logins="ann", options={"active_hours": hours(*OPEN)}))
    hold.reached.wait(20)
    turn(scene, Dial.ACTIVE_HOURS, hours(*CLOSED))
    scene.until(lambda: run._roster.closed_until is not None and run.in_flight == 1)
    hold.go.set()
    scene.until(lambda: scene.statuses() == [("ann", "Syncing", "waiting_for_hours")])
    scene.until(lambda: scene.view().condition is Condition.WAITING_FOR_HOURS)
    assert not +scene.world.open
    turn(scene, Dial.ACTIVE_HOURS, None)
    assert run.join(20)
    assert run.exit_code == 0
    assert scene.copied("ann") == 3
    assert scene.world.calls[Side.DESTINATION, "ann@new.example", "write"] == 1
    assert scene.kinds("ann") == ["mailbox.started", "mailbox.waiting_for_hours", "mailbox.finished"]


def test_a_batch_that_waits_for_its_hours_can_be_stopped(scene: "Scene") -> None:
    run = scene.start(scene.batch(options={"active_hours": hours(*CLOSED)}))
    scene.until(lambda: scene.view().condition is Condition.WAITING_FOR_HOURS)
    scene.want(Wish.STOP)
    assert run.join(20)
    assert run.exit_code == 3


def test_fewer_at_once_lets_the_last_step_aside_and_more_begin(scene: "Scene") -> None:
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(logins="ann ben cat dan", options={"mailboxes_at_once": 2}))
    scene.until(lambda: run.in_flight == 2)
    turn(scene, Dial.MAILBOXES_AT_ONCE, "1")
    scene.until(lambda: run._roster.timetable._allowed == 1 and run.in_flight == 2)
    hold.go.set()
    scene.until(lambda: run.in_flight <= 1)
    scene.world.most.clear()
    assert run.join(20)
    assert scene.world.most[Side.SOURCE] <= 1
    assert run.exit_code == 0
    assert [scene.copied(login) for login in ("ann", "ben", "cat", "dan")] == [3, 3, 3, 3]


@pytest.mark.parametrize("dial", [Dial.MAILBOXES_AT_ONCE, Dial.SOURCE_CONNECTIONS, Dial.DESTINATION_CONNECTIONS])
def test_more_at_once_begin_at_once(scene: "Scene", dial: Dial) -> None:
    batch = turned(scene.batch(logins="ann ben cat"), {dial: "1"})
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(batch)
    hold.reached.wait(20)
    assert run.in_flight == 1
    turn(scene, dial, "3")
    scene.until(lambda: scene.world.calls[Side.DESTINATION, "cat@new.example", "write"])
    assert run.in_flight == 3
    hold.go.set()
    assert run.join(20)
    assert run.exit_code == 0


def test_a_dial_outlives_the_run_until_the_file_says_the_same(scene: "Scene") -> None:
    batch = scene.batch(options={"mailboxes_at_once": 2})
    scene.run(batch)
    turn(scene, Dial.MAILBOXES_AT_ONCE, "1")
    hold = scene.hold(Side.SOURCE, "folders")
    run = scene.start(batch)
    hold.reached.wait(20)
    assert run.in_flight == 1
    hold.go.set()
    assert run.join(20)
    scene.run(turned(batch, {Dial.MAILBOXES_AT_ONCE: "1"}))
    assert all(setting.turned is None for setting in Dials(scene.database).read("sales").values())


def test_who_is_first_goes_before_the_others(scene: "Scene") -> None:
    wanted = Wanted(scene.database)
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(scene.batch(logins="ann ben cat dan", options={"mailboxes_at_once": 1}))
    hold.reached.wait(20)
    wanted.ask("sales", Demand.FIRST, "dan")
    wanted.ask("sales", Demand.SYNC, "ann")  # heard with it
    scene.until(lambda: not wanted.read("sales").demands)
    scene.want(Wish.RUN)
    scene.until(lambda: run.in_flight == 1)
    hold.go.set()
    assert run.join(20)
    began = [event.mailbox for event in scene.events if event.kind == "mailbox.started"]
    assert began == ["ann", "ann", "dan", "ben", "cat"]


def test_another_pass_on_demand_and_what_was_refused_is_tried_again(scene: "Scene") -> None:
    batch = scene.batch(logins="ann ben", options={"mailboxes_at_once": 1})
    hold = scene.hold(Side.DESTINATION, "write")
    run = scene.start(batch, linger=True)
    hold.reached.wait(20)
    scene.want(Wish.PAUSE, "ben")
    scene.until(lambda: scene.statuses()[1] == ("ben", "Stopped", "paused"))
    hold.go.set()
    scene.until(lambda: scene.statuses() == [("ann", "Synced", None), ("ben", "Stopped", "paused")])
    scene.world.source("ann", messages=2)
    wanted = Wanted(scene.database)
    wanted.ask("sales", Demand.SYNC, "ann")
    scene.until(lambda: scene.statuses()[0] == ("ann", "IncrementalSynced", None))
    assert scene.copied("ann") == 5
    wanted.ask("sales", Demand.RETRY)
    wanted.ask("sales", Demand.SYNC, "zoe")
    scene.until(lambda: "zoe is not part of this run" in [event.text for event in scene.events])
    scene.want(Wish.RUN, "ben")
    assert run.join(20)
    assert scene.copied("ben") == 3


def test_a_dial_has_a_value_that_the_file_may_have(scene: "Scene") -> None:
    batch = scene.batch()
    stand = settings(batch)
    assert stand[Dial.MAILBOXES_AT_ONCE] == "10"
    assert stand[Dial.BANDWIDTH] == stand[Dial.ACTIVE_HOURS] == ""
    assert check(Dial.BANDWIDTH, " 2048 KB/s ") == "2 MB/s"
    assert turned(batch, stand) == batch
    for dial, text in (
        (Dial.MAILBOXES_AT_ONCE, ""),
        (Dial.MAILBOXES_AT_ONCE, "0"),
        (Dial.SOURCE_CONNECTIONS, "ten"),
        (Dial.BANDWIDTH, "fast"),
        (Dial.ACTIVE_HOURS, "at night"),
    ):
        with pytest.raises(UserError, match=rf"^{dial}: "):
            check(dial, text)


def test_one_server_for_both_ends_needs_two_connections(scene: "Scene") -> None:
    batch = scene.batch()
    one = batch.model_copy(
        update={
            "destination": batch.destination.model_copy(update={"url": "https://old.example:993/EWS/Exchange.asmx"})
        }
    )
    check_dials(one, {Dial.SOURCE_CONNECTIONS: "2"})
    with pytest.raises(UserError, match="a mailbox needs a connection to each; allow 2 or more"):
        check_dials(one, {Dial.SOURCE_CONNECTIONS: "1"})


def test_a_link_that_is_waited_for_is_not_hurried_by_hours(scene: "Scene") -> None:
    tried: list[str] = []

    def trouble(side: Side, who: str, call: str) -> Failure | None:
        del side
        tried.append(f"{who} {call}")
        return None

    scene.world.trouble = trouble
    run = scene.start(scene.batch(logins="ann", options={"active_hours": hours(*CLOSED)}))
    scene.until(lambda: scene.view().condition is Condition.WAITING_FOR_HOURS)
    assert tried == []
    run.stop()
    assert run.join(20)
