"""Several requests under way at once: whatever becomes of each, every message is there once in the end."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.batch.definition import Options
from core.event import EventKind
from core.ports.destination import DestinationFolder, Outgoing, Written
from core.ports.failure import Action, EndpointError, Side
from core.sync import fetching
from tests.core.sync.test_faults import answering, load, storing, there_once
from tests.core.sync.world import Fault, MemoryDestination, Steering, World

_PATIENCE = 60.0


@pytest.fixture
def wide(make_world: Callable[..., World]) -> World:
    """A destination that takes three requests of four messages at once."""
    return make_world(at_once=3)


def meeting(parties: int) -> Fault:
    """Stores all, when so many requests are under way."""
    barrier = threading.Barrier(parties)

    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        barrier.wait(_PATIENCE)
        return new.take(place, batch)

    return fault


def test_as_many_at_once_as_the_destination_takes(wide: World) -> None:
    load(wide, 24)
    wide.new.faults = [meeting(3)] * 6
    assert wide.run().finished
    assert wide.new.most_writing == 3
    there_once(wide, 24)


def test_no_more_than_there_are_connections_for(wide: World) -> None:
    load(wide, 24)
    wide.another = lambda flying: flying < 2
    wide.new.faults = [meeting(2)] * 6
    assert wide.run().finished
    assert wide.new.most_writing == 2
    there_once(wide, 24)


def test_one_at_a_time_while_our_own_bandwidth_holds_it_back(wide: World) -> None:
    """What is under way must come to its end before a stop does."""
    load(wide, 24)
    asked: list[int] = []

    def another(flying: int) -> bool:
        asked.append(flying)
        return True

    wide.another, wide.limited = another, lambda side: side is Side.DESTINATION
    assert wide.run().finished
    assert (asked, wide.new.most_writing) == ([], 1)
    wide.limited = lambda _: False
    load(wide, 24)
    assert wide.run().finished
    assert asked


def test_no_more_is_begun_beyond_the_limit_of_rejections(make_world: Callable[..., World]) -> None:
    world = make_world(at_once=3, options=Options(rejected_limit=0))
    load(world, 24)
    together = threading.Barrier(3)

    def refusing(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        together.wait(_PATIENCE)
        return answering(Action.REJECT, None)(new, place, batch)

    world.new.faults = [refusing] * 3
    with pytest.raises(EndpointError, match="rejected_limit"):
        world.run()
    assert world.new.writes == 3
    assert (world.ledger().total().copied, world.ledger().total().rejected) == (6, 6)


def test_the_next_request_is_durable_while_one_is_under_way(make_world: Callable[..., World]) -> None:
    world = make_world(keyed=False)
    load(world, 12)
    intents: list[int] = []

    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        if not intents:
            waited = threading.Event()
            while not intents and not waited.wait(0.01):
                with world.database.reading() as connection:
                    number = connection.exec_driver_sql("SELECT count(*) FROM message WHERE mark IS NOT NULL")
                    intents.extend(filter(lambda count: count == 8, number.scalars()))
        return new.take(place, batch)

    world.new.faults = [fault]
    assert world.run().finished
    assert intents == [8], "four that are being sent, and four that come next"
    there_once(world, 12)


def test_after_a_throttle_one_at_a_time(wide: World) -> None:
    load(wide, 40)
    seen: list[int] = []

    def counting(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        seen.append(new.writing)
        return new.take(place, batch)

    two = meeting(2)
    wide.new.faults = [storing(0, Action.WAIT, in_doubt=False), two, two, *[counting] * 3]
    assert wide.run().finished
    assert seen == [1, 1, 1]
    assert wide.steering.waited == [3.0], "one pause, whoever was told"
    there_once(wide, 40)


def test_after_a_throttle_large_messages_go_at_once_again(wide: World) -> None:
    for number in range(60):
        wide.old.deliver("INBOX", b"%d" % number + bytes(4000), days=number)
    wide.new.faults = [storing(0, Action.WAIT, in_doubt=False), *[answering(None)] * 12, *[meeting(3)] * 6]
    assert wide.run().finished
    assert wide.new.most_writing == 3
    assert len(set(wide.new.all())) == len(wide.new.all()) == 60


def test_a_pause_is_as_long_as_the_longest_that_was_asked_for(wide: World) -> None:
    load(wide, 12)
    together = threading.Barrier(3)

    def busy(seconds: Fault) -> Fault:
        def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
            together.wait(_PATIENCE)
            return seconds(new, place, batch)

        return fault

    wide.new.faults = [
        busy(answering(Action.WAIT)),  # two seconds
        busy(storing(0, Action.WAIT, in_doubt=False)),  # three
        busy(answering(None)),
    ]
    assert wide.run().finished
    assert wide.steering.waited == [3.0]
    there_once(wide, 12)


def test_what_is_under_way_finishes_when_stopping_comes(wide: World) -> None:
    load(wide, 24)
    together = threading.Barrier(3)

    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        together.wait(_PATIENCE)
        wide.stop()
        return new.take(place, batch)

    wide.new.faults = [fault] * 3
    assert not wide.run().finished
    assert len(wide.new.all()) == 12 == wide.ledger().total().copied
    folder = wide.ledger().folders.current()[0]
    assert not wide.ledger().intents(folder), "nothing is left in doubt"


@pytest.mark.parametrize("in_doubt", [True, False])
def test_when_one_ends_the_pass_the_others_are_written_down(wide: World, in_doubt: bool) -> None:
    load(wide, 12)
    together = threading.Barrier(3)

    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        together.wait(_PATIENCE)
        return new.take(place, batch)

    def broken(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        together.wait(_PATIENCE)
        return storing(2, Action.RETRY, in_doubt=in_doubt)(new, place, batch)

    wide.new.faults = [fault, broken, fault] if in_doubt else [fault, storing_none(together), fault]
    with pytest.raises(EndpointError):
        wide.run()
    assert wide.ledger().total().copied == 8
    folder = wide.ledger().folders.current()[0]
    assert len(wide.ledger().intents(folder)) == (4 if in_doubt else 0)
    assert wide.until_done().finished
    there_once(wide, 12)


def storing_none(together: threading.Barrier) -> Fault:
    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        together.wait(_PATIENCE)
        return storing(0, Action.RETRY, in_doubt=False)(new, place, batch)

    return fault


@pytest.fixture
def spare(wide: World) -> set[int]:
    """The connections that are held beyond the first."""
    held: set[int] = set()

    def another(flying: int) -> bool:
        held.add(flying)
        return True

    wide.another, wide.idle = another, held.clear
    return held


def test_no_connection_is_kept_while_the_source_is_waited_for(
    wide: World, spare: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may take minutes over a message, and others wait."""
    load(wide, 24)
    monkeypatch.setattr(fetching, "REQUEST_MESSAGES", 12)
    idle = threading.Event()

    def nothing_under_way() -> None:
        spare.clear()
        idle.set()

    wide.idle = nothing_under_way
    wide.new.faults = [meeting(3)] * 3
    found: list[bool] = []
    wide.calls.before["fetch INBOX"] += [lambda: None, lambda: found.append(idle.wait(5) and not spare)]
    assert wide.run().finished
    assert found == [True]
    there_once(wide, 24)


def test_no_connection_is_kept_while_a_server_gets_its_time(
    wide: World, spare: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(wide, 24)
    wide.new.faults = [meeting(3)] * 3 + [storing(0, Action.WAIT, in_doubt=False)]
    wait, kept = Steering.wait, list[set[int]]()

    def waiting(steering: Steering, seconds: float) -> bool:
        kept.append(set(spare))
        return wait(steering, seconds)

    monkeypatch.setattr(Steering, "wait", waiting)
    assert wide.run().finished
    assert kept == [set()]
    assert not spare


def test_a_source_that_changes_meanwhile_costs_nothing_that_is_under_way(wide: World) -> None:
    load(wide, 12)
    wide.old.add("B")
    wide.old.deliver("B", b"b")
    wide.calls.before["fetch B"].append(wide.gone)
    assert wide.run().finished
    assert wide.ledger().total().copied == 13
    assert not [event for event in wide.events if event.kind is EventKind.MESSAGE_IN_DOUBT]


def test_a_fault_of_ours_is_not_hidden_and_leaves_no_thread(wide: World) -> None:
    load(wide, 24)

    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        new.take(place, batch)
        raise RuntimeError("ours")

    two = meeting(2)
    wide.new.faults = [two, fault, two]
    with pytest.raises(RuntimeError, match="ours"):
        wide.run()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("send ")]
    assert wide.until_done().finished
    there_once(wide, 24)


#: What may become of one request of up to four messages.
_FAULTS = st.one_of(
    st.just(answering(None)),
    st.builds(
        storing,
        st.integers(0, 4),
        st.sampled_from([Action.RETRY, Action.WAIT]),
        in_doubt=st.just(True),
        late=st.sampled_from([0, 2.5]),
    ),
    # A server that has answered stores nothing later.
    st.builds(storing, st.integers(0, 4), st.sampled_from([Action.SPLIT, Action.REJECT]), in_doubt=st.just(True)),
    st.builds(
        storing,
        st.just(0),
        st.sampled_from([Action.RETRY, Action.WAIT, Action.SPLIT]),
        in_doubt=st.just(False),
    ),
    st.lists(
        st.sampled_from([None, Action.RETRY, Action.WAIT, Action.SPLIT, Action.STOP_MAILBOX]), min_size=1, max_size=4
    ).map(lambda actions: answering(*actions)),
    st.lists(st.sampled_from([None, Action.RETRY]), min_size=1, max_size=4).map(
        lambda actions: answering(*actions, in_doubt=True, store_doubtful=True)
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_FAULTS, max_size=12), st.booleans())
def test_whatever_becomes_of_each(faults: list[Fault], keyed: bool) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder), keyed=keyed, at_once=3 if keyed else 1)
        try:
            load(world, 30)
            world.new.faults = list(faults)
            world.each_ends_once(30)
        finally:
            world.close()
