"""Requests under way while anything may break off, anywhere: each message is there once, and all memory comes back."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from core.engine.budget import MemoryBudget
from core.errors import FencedError, StateError
from core.ports.failure import Action, EndpointError
from tests.core.sync.test_broken_off import Wavering
from tests.core.sync.test_flights import _FAULTS
from tests.core.sync.world import Fault, World, failure

#: Messages, and bytes of each; and the memory for them, which holds a third.
_MESSAGES, _SIZE, _MEMORY = 40, 100, 1400


@dataclass(frozen=True)
class Break:
    """Something happens in a pass at the call of this number, to a server or to the store."""

    kind: str
    at: int

    def arm(self, world: World) -> None:
        turns: dict[str, Callable[[], object]] = {
            "stop": world.stop,
            "lost": world.lost,
            "busy": lambda: _raise(EndpointError(failure(Action.WAIT, seconds=7.0))),
            "alone": lambda: _raise(EndpointError(failure(Action.WAIT, seconds=7.0, alone=True))),
            "ended": lambda: _raise(EndpointError(failure(Action.STOP_MAILBOX))),
            "fault": lambda: _raise(RuntimeError("a fault of ours")),
            "fence": world.fence,
        }
        if self.kind in turns:
            world.calls.made.clear()
            world.calls.after(self.at, turns[self.kind])
            return
        do, left = world.database.writer.do, [self.at]

        def failing(work: Any) -> Any:
            left[0] -= 1
            if left[0] or threading.current_thread().name.startswith("send"):
                return do(work)
            if self.kind == "unwritten":
                raise StateError("the disk is full")
            do(work)
            raise StateError("written, and nobody knows it")

        world.database.writer.do = failing  # type: ignore[method-assign]

    @staticmethod
    def disarm(world: World) -> None:
        world.calls.after(0, lambda: None)
        world.database.writer.__dict__.pop("do", None)


def _raise(error: Exception) -> None:
    raise error


_BREAKS = st.builds(
    Break,
    st.sampled_from(["stop", "lost", "busy", "alone", "ended", "fault", "fence", "unwritten", "written"]),
    st.integers(1, 60),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(_BREAKS, max_size=4),
    st.lists(_FAULTS, max_size=10),
    st.sampled_from(["keyed", "named", "unnamed"]),
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
)
def test_whatever_breaks_off(breaks: list[Break], faults: list[Fault], kind: str, sizes: list[int]) -> None:
    keyed = kind == "keyed"
    with TemporaryDirectory() as folder:
        world = World(Path(folder), at_once=3 if keyed else 1)
        world.new = new = Wavering(
            world.clock, world.calls, keyed=keyed, names_items=kind != "unnamed", at_once=3 if keyed else 1
        )
        new.sizes = itertools.cycle(sizes)
        budget = world.budget = MemoryBudget(_MEMORY)
        try:
            for number in range(_MESSAGES):
                world.old.deliver("INBOX", b"%d" % number + bytes(_SIZE), days=number)
            world.new.faults = list(faults)
            for one in breaks:
                one.arm(world)
                try:
                    world.run()
                except (EndpointError, StateError, FencedError, RuntimeError) as error:
                    event(f"{one.kind}: {type(error).__name__}")
                finally:
                    one.disarm(world)
                assert budget.used == 0
                assert not [thread for thread in threading.enumerate() if thread.name.startswith(("send", "fetch"))]
            world.each_ends_once(_MESSAGES)
            assert budget.used == 0
        finally:
            world.close()
