"""Dials and demands: what was changed while a batch runs, and what was asked for."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from core.status import Demand, Wish
from core.store.batches import Batches
from core.store.database import Database
from core.store.dials import Dials, Setting
from core.store.wanted import Wanted, Wishes


def test_a_dial_counts_until_the_file_says_so_too(
    database: Database, make_batch: Callable[..., SimpleNamespace]
) -> None:
    dials, batches = Dials(database), Batches(database)
    assert dials.read("sales") == {}
    batch: Any = make_batch("sales", {"ann": "ann@new.example"})
    batches.add(batch)
    assert dials.read("sales")["options.bandwidth"] == Setting("")
    dials.turn("sales", "options.bandwidth", "2 MB/s")
    assert dials.read("sales")["options.bandwidth"] == Setting("", "2 MB/s")
    assert dials.read("sales")["options.bandwidth"].now == "2 MB/s"
    batches.add(batch)
    assert dials.read("sales")["options.bandwidth"] == Setting("", "2 MB/s"), "the file still says otherwise"
    batch.options.bandwidth = 2 << 20
    batches.add(batch)
    assert dials.read("sales")["options.bandwidth"] == Setting("2 MB/s")
    dials.turn("sales", "options.bandwidth", "")
    assert dials.read("sales")["options.bandwidth"] == Setting("2 MB/s", ""), "no limit is a value, too"
    dials.turn("sales", "options.bandwidth", "2 MB/s")
    assert dials.read("sales")["options.bandwidth"] == Setting("2 MB/s")
    batches.remove("sales")
    assert dials.read("sales") == {}


def test_demands_are_heard_once_and_first_stays(database: Database) -> None:
    wanted = Wanted(database)
    wanted.ask("sales", Demand.SYNC, "ann")
    wanted.ask("sales", Demand.SYNC, "ann")
    wanted.ask("sales", Demand.RETRY)
    wanted.ask("sales", Demand.FIRST, "ben")
    wanted.ask("other", Demand.SYNC)
    expected = {("ann", Demand.SYNC), ("", Demand.RETRY)}
    assert wanted.read("sales") == Wishes(Wish.RUN, {}, frozenset({"ben"}), frozenset(expected))
    wanted.took("sales", Demand.SYNC, "ann")
    wanted.took("sales", Demand.RETRY)
    assert wanted.read("sales") == Wishes(Wish.RUN, {}, frozenset({"ben"}))
    wanted.took("sales", Demand.FIRST, "ben")
    assert wanted.read("sales") == Wishes(Wish.RUN, {})
