"""Servers that do not answer, links that break, servers that ask for time."""

import itertools
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from core.batch.definition import Batch, Mailbox
from core.engine.retry import Patience
from core.event import Event, EventKind
from core.ports.failure import Action, Failure, Side
from core.status import BatchStatus, Wish
from tests.fakes import MemorySource

if TYPE_CHECKING:
    from tests.core.engine.conftest import Scene

SILENT = Failure(Action.RETRY, "ECONNREFUSED", "the server does not answer")
BROKEN = Failure(Action.RETRY, "ECONNRESET", "the link broke")


class Failing:
    """The first calls of a kind fail; `number` None: all."""

    def __init__(self, failure: Failure, side: Side, call: str, number: int | None = None) -> None:
        self.failure = failure
        self.meant = side, call
        self.left = itertools.count() if number is None else iter(range(number))

    def __call__(self, side: Side, who: str, call: str) -> Failure | None:
        return self.failure if (side, call) == self.meant and next(self.left, None) is not None else None


def test_a_server_that_never_answered_is_tried_three_times_then_its_mailboxes_fail(scene: "Scene") -> None:
    scene.world.trouble = Failing(SILENT, Side.DESTINATION, "connect")
    logins = " ".join(f"user{n}" for n in range(6))
    run = scene.run(scene.batch(logins=logins, options={"mailboxes_at_once": 1}))
    assert run.exit_code == 1
    tried = sum(n for (side, _, call), n in scene.world.calls.items() if (side, call) == (Side.DESTINATION, "connect"))
    assert tried == 3
    assert {status for _, status, _ in scene.statuses()} == {"Failed"}
    assert {view.error for view in scene.views().values()} == {
        "destination new.example:443: the server does not answer; it did not answer in 3 tries"
    }
    assert scene.view().status is BatchStatus.FAILED


def test_many_at_once_are_one_try(scene: "Scene") -> None:
    """All workers have their mailboxes before any of them knows that the server refuses; it does so at once."""
    logins = " ".join(f"user{n}" for n in range(10))
    first: set[str] = set()
    begun, turn = threading.Barrier(10), threading.Semaphore(1)

    def open_source(batch: Batch, mailbox: Mailbox) -> MemorySource:
        if mailbox.source not in first:
            begun.wait(20)
            assert turn.acquire(timeout=20)
        return scene.world.open_source(batch, mailbox)

    def trouble(side: Side, who: str, call: str) -> Failure | None:
        if (side, call) != (Side.SOURCE, "connect") or who in first:
            return None
        first.add(who)
        return SILENT

    def tell(event: Event) -> None:
        if event.kind is EventKind.MAILBOX_WAITING_FOR_LINK:
            turn.release()

    scene.world.trouble = trouble
    scene.host._doors = replace(scene.doors, source=open_source)
    run = scene.host.start(scene.batch(logins=logins, options={"mailboxes_at_once": 10}), tell=tell)
    assert run.join(30)
    assert (run.exit_code, len(first)) == (0, 10)


def test_a_server_that_comes_up_in_time_is_used(scene: "Scene") -> None:
    scene.world.trouble = Failing(SILENT, Side.SOURCE, "connect", 2)
    assert scene.run(scene.batch(logins="ann")).exit_code == 0
    assert scene.kinds("ann") == [
        "mailbox.waiting_for_link",
        "mailbox.waiting_for_link",
        "mailbox.link_back",
        "mailbox.started",
        "mailbox.finished",
    ]


def test_after_the_first_success_a_lost_link_is_waited_for(scene: "Scene") -> None:
    scene.world.trouble = Failing(BROKEN, Side.DESTINATION, "write", 6)
    assert scene.run(scene.batch(logins="ann")).exit_code == 0
    assert scene.kinds("ann").count("mailbox.waiting_for_link") == 6
    assert scene.kinds("ann")[0] == "mailbox.started"
    assert scene.kinds("ann").count("mailbox.started") == 1, "one pass, however often it takes a new start"
    assert scene.views()["ann"].pass_new == 3


def test_waiting_is_shown_with_connections_closed_and_can_be_stopped(scene: "Scene") -> None:
    scene.host._patience = type(scene.host._patience)(shortest=60, longest=60)
    scene.world.trouble = Failing(BROKEN, Side.DESTINATION, "write")
    run = scene.start(scene.batch(logins="ann"))
    scene.until(lambda: scene.statuses() == [("ann", "Syncing", "waiting_for_link")])
    ann = scene.views()["ann"]
    assert ann.why == "destination new.example:443: the link broke"
    assert ann.until is not None
    scene.until(lambda: scene.view().condition == "waiting_for_link")
    assert (scene.view().why, scene.view().until) == (ann.why, ann.until)
    assert not +scene.world.open
    scene.want(Wish.STOP)
    assert run.join(20)
    assert run.exit_code == 3
    assert scene.statuses() == [("ann", "Stopped", None)]


def test_who_waits_is_shown_to_wait_as_long_as_the_endpoint_lets_nobody_in(scene: "Scene") -> None:
    scene.host._patience = Patience(shortest=60, longest=60)
    busy = Failure(Action.WAIT, "BUSY", "the server asks for time", seconds=500)
    failing = {("ann", "write"): BROKEN, ("ben", "connect"): busy}
    scene.world.trouble = lambda side, who, call: failing.get((who.partition("@")[0], call))
    run = scene.start(scene.batch(logins="ann ben", options={"mailboxes_at_once": 1}))
    scene.until(lambda: [condition for *_, condition in scene.statuses()] == ["waiting_for_link", "throttled"])

    def alike() -> bool:
        ann, ben = (scene.views()[name].until for name in ("ann", "ben"))
        return ann is not None and ben is not None and abs((ann - ben).total_seconds()) < 5

    scene.until(alike)  # not after a minute, as ann's own wait would have it
    run.stop()
    assert run.join(20)


def test_given_up_when_nothing_moves_for_too_long(scene: "Scene") -> None:
    scene.world.trouble = Failing(BROKEN, Side.DESTINATION, "write")
    assert scene.run(scene.batch(options={"give_up_after": "0.3s"})).exit_code == 1
    assert scene.views()["ann"].error == (
        "destination new.example:443: the link broke; given up after 0.3s without any progress (options.give_up_after)"
    )


def test_given_up_when_a_message_is_never_there_however_often_it_is_sent(scene: "Scene") -> None:
    """To have settled that it is not there is no progress."""
    lost = Failure(Action.RETRY, "ECONNRESET", "the link broke", in_doubt=True)
    scene.world.trouble = Failing(lost, Side.DESTINATION, "write")
    assert scene.run(scene.batch(logins="ann", options={"give_up_after": "0.3s"})).exit_code == 1
    assert "given up after 0.3s without any progress" in (scene.views()["ann"].error or "")
    assert scene.copied("ann") == 0


def test_time_with_progress_does_not_count(scene: "Scene") -> None:
    """Every other write fails, for longer than give_up_after in all."""
    scene.world.source("ann", messages=160)
    turns = itertools.count()

    def trouble(side: Side, who: str, call: str) -> Failure | None:
        return BROKEN if call == "write" and next(turns) % 2 else None

    scene.world.trouble = trouble
    assert scene.run(scene.batch(logins="ann", options={"give_up_after": "0.3s"})).exit_code == 0
    assert scene.copied("ann") == 160
    assert scene.kinds("ann").count("mailbox.waiting_for_link") >= 20


def test_a_throttle_is_no_failure_and_its_hint_is_obeyed(scene: "Scene") -> None:
    busy = Failure(Action.WAIT, "ErrorServerBusy", "the server is busy", seconds=0.05)
    scene.world.trouble = Failing(busy, Side.DESTINATION, "connect", 5)
    assert scene.run(scene.batch(logins="ann")).exit_code == 0
    assert scene.kinds("ann") == ["mailbox.throttled"] * 5 + ["mailbox.started", "mailbox.finished"]


def test_throttled_is_shown_as_a_countdown(scene: "Scene") -> None:
    busy = Failure(Action.WAIT, "ErrorServerBusy", "the server is busy", seconds=300)
    scene.world.trouble = Failing(busy, Side.DESTINATION, "connect")
    run = scene.start(scene.batch(options={"mailboxes_at_once": 1}))
    scene.until(lambda: scene.statuses()[0] == ("ann", "Validating", "throttled"))
    assert scene.statuses()[1] == ("ben", "Queued", None), "nobody else begins at a server that asked for time"
    assert scene.views()["ann"].until is not None
    run.stop()
    assert run.join(20)


def test_one_mailbox_that_cannot_connect_does_not_hold_the_others_up(scene: "Scene") -> None:
    def trouble(side: Side, who: str, call: str) -> Failure | None:
        return SILENT if (who, call) == ("ann", "connect") and scene.copied("ben") + scene.copied("cat") < 6 else None

    scene.world.trouble = trouble
    run = scene.run(scene.batch(logins="ann ben cat", options={"mailboxes_at_once": 1}))
    assert run.exit_code == 0
    assert [scene.copied(login) for login in ("ann", "ben", "cat")] == [3, 3, 3]


AWAY = Failure(Action.RETRY, "ErrorMailboxStoreUnavailable", "its database is away", alone=True)


def test_a_server_that_answers_for_one_mailbox_only_is_no_silent_one(scene: "Scene") -> None:
    scene.world.trouble = Failing(AWAY, Side.DESTINATION, "connect", 6)
    assert scene.run(scene.batch(logins="ann")).exit_code == 0
    assert scene.kinds("ann").count("mailbox.waiting_for_link") == 6, "more often than a silent server is tried"


def test_a_mailbox_that_is_being_moved_keeps_no_other_from_beginning(scene: "Scene") -> None:
    moving = Failure(Action.WAIT, "ErrorMailboxMoveInProgress", "it is being moved", seconds=600, alone=True)
    scene.world.trouble = lambda side, who, call: moving if (who, call) == ("ann@new.example", "connect") else None
    run = scene.start(scene.batch(logins="ann ben cat", options={"mailboxes_at_once": 1}))
    scene.until(lambda: [status for _, status, _ in scene.statuses()[1:]] == ["Synced", "Synced"])
    assert scene.statuses()[0] == ("ann", "Validating", "throttled")
    run.stop()
    assert run.join(20)


def test_nor_does_it_slow_them_down(scene: "Scene") -> None:
    moving = Failure(Action.WAIT, "ErrorMailboxMoveInProgress", "it is being moved", seconds=0.02, alone=True)
    scene.world.trouble = Failing(moving, Side.DESTINATION, "write", 3)
    assert scene.run(scene.batch(logins="ann")).exit_code == 0
    assert scene.kinds("ann").count("mailbox.throttled") == 3
    assert scene.host._connections._narrow["new.example:443"].limit(time.monotonic()) is None


def test_watch_waits_for_a_server_that_never_answered(scene: "Scene") -> None:
    scene.world.trouble = Failing(SILENT, Side.SOURCE, "connect", 5)
    run = scene.start(scene.batch(logins="ann"), watch=True)
    scene.until(lambda: scene.statuses() == [("ann", "Synced", None)])
    run.stop()
    assert run.join(20)
    assert scene.kinds("ann").count("mailbox.waiting_for_link") == 5


class TestWatch:
    def test_passes_are_repeated_and_bring_what_is_new(self, scene: "Scene") -> None:
        run = scene.start(scene.batch(logins="ann", options={"sync_every": "0.05s"}), watch=True)
        scene.until(lambda: scene.kinds("ann").count("mailbox.finished") >= 2)
        scene.world.source("ann", messages=1)
        scene.until(lambda: scene.copied("ann") == 4)
        run.stop()
        assert run.join(20)
        assert run.exit_code == 3, "nobody has completed it"
        assert scene.view().status in {BatchStatus.SYNCED, BatchStatus.STOPPED}

    def test_between_two_passes_the_batch_says_when_the_next_is_due(self, scene: "Scene") -> None:
        run = scene.start(scene.batch(), watch=True)
        scene.until(lambda: scene.view().next_pass is not None)
        assert scene.view().status is BatchStatus.SYNCED
        assert scene.kinds("")[-1] == "batch.waiting"
        run.stop()
        assert run.join(20)
        assert scene.statuses() == [("ann", "Synced", None), ("ben", "Synced", None)]

    def test_a_failed_mailbox_gets_its_next_pass_too(self, scene: "Scene") -> None:
        refused = Failure(Action.STOP_MAILBOX, "AUTHENTICATIONFAILED", "the sign-in was refused", sign_in=True)
        scene.world.trouble = Failing(refused, Side.SOURCE, "connect", 1)
        run = scene.start(scene.batch(logins="ann", options={"sync_every": "0.05s"}), watch=True)
        scene.until(lambda: scene.copied("ann") == 3)
        run.stop()
        assert run.join(20)

    def test_a_mailbox_paused_between_two_passes_has_none_until_it_is_resumed(self, scene: "Scene") -> None:
        run = scene.start(scene.batch(), watch=True)
        scene.until(lambda: scene.view().next_pass is not None)
        scene.want(Wish.PAUSE, "ann")
        scene.until(lambda: scene.statuses() == [("ann", "Stopped", "paused"), ("ben", "Synced", None)])
        scene.want(Wish.RUN, "ann")
        scene.until(lambda: scene.statuses()[0] == ("ann", "Synced", None))
        run.stop()
        assert run.join(20)

    def test_with_nothing_but_paused_mailboxes_it_waits(self, scene: "Scene") -> None:
        scene.want(Wish.PAUSE, "ann")
        run = scene.start(scene.batch(logins="ann"), watch=True)
        scene.until(lambda: scene.statuses() == [("ann", "Stopped", "paused")])
        assert not run.join(0.2)
        scene.want(Wish.RUN, "ann")
        scene.until(lambda: scene.copied("ann") == 3)
        run.stop()
        assert run.join(20)


BUSY = Failure(Action.WAIT, "ErrorServerBusy", "the server is busy", seconds=0.02)


class TestThrottledWrites:
    """A throttle that the pass waits out itself."""

    def test_they_are_waited_out_in_the_pass_and_shown(self, scene: "Scene") -> None:
        scene.world.trouble = Failing(BUSY, Side.DESTINATION, "write", 3)
        assert scene.run(scene.batch(logins="ann")).exit_code == 0
        assert scene.kinds("ann") == ["mailbox.started", *["mailbox.throttled"] * 3, "mailbox.finished"]
        assert scene.world.calls[Side.DESTINATION, "ann@new.example", "connect"] == 2, "one sign-in, and the pass's own"
        assert scene.copied("ann") == 3

    def test_they_end_when_nothing_moves_for_too_long(self, scene: "Scene") -> None:
        scene.world.trouble = Failing(BUSY, Side.DESTINATION, "write")
        assert scene.run(scene.batch(logins="ann", options={"give_up_after": "0.3s"})).exit_code == 1
        assert scene.views()["ann"].error == (
            "destination new.example:443: it asks for time again and again; "
            "given up after 0.3s without any progress (options.give_up_after)"
        )
        assert scene.views()["ann"].counts.rejected == 0

    def test_those_that_are_one_too_many_make_room(self, scene: "Scene") -> None:
        logins = [f"user{number}" for number in range(8)]
        together = threading.Barrier(8, timeout=20)
        busy = threading.Event()
        busy.set()
        writing, most = Counter[str](), list[int]()

        def trouble(side: Side, who: str, call: str) -> Failure | None:
            if call != "write":
                return None
            if busy.is_set() and not writing[who]:
                writing[who] += 1
                together.wait()
                return BUSY
            most.append(scene.world.open[Side.DESTINATION])
            return None

        scene.world.trouble = trouble
        run = scene.start(scene.batch(logins=" ".join(logins), options={"mailboxes_at_once": 8}))
        assert run.join(30)
        assert run.exit_code == 0
        assert [scene.copied(login) for login in logins] == [3] * 8
        assert sum(scene.kinds(login).count("mailbox.throttled") for login in logins) == 8
        signed_in = [scene.world.calls[Side.DESTINATION, f"{login}@new.example", "connect"] for login in logins]
        assert sorted(signed_in) == [2] * 4 + [4] * 4, "half of them gave their connections back, and came again"
        assert max(most[-4:]) <= 4
