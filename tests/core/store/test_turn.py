import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.store.turn import Turn


def test_one_has_it_at_a_time(tmp_path: Path) -> None:
    first, second = Turn(tmp_path), Turn(tmp_path)
    assert first.take(0)
    assert not second.take(0.01)
    assert second.holder() == str(os.getpid())
    first.give()
    assert second.take(0)
    second.give()
    assert first.take(0)


def test_who_wrote_last_goes_behind_those_who_wait(tmp_path: Path) -> None:
    """A writer that takes every turn it can get lets the other in after a few."""
    greedy, modest = Turn(tmp_path), Turn(tmp_path)
    taken, enough = 0, threading.Event()

    def take_all() -> None:
        nonlocal taken
        while not enough.is_set():
            assert greedy.take(10)
            taken += 1
            time.sleep(0.001)  # as long as a commit
            greedy.give()

    thread = threading.Thread(target=take_all)
    thread.start()
    try:
        waited = []
        for _ in range(50):
            before = taken
            assert modest.take(10)
            waited.append(taken - before)
            modest.give()
    finally:
        enough.set()
        thread.join()
    # In the queue nobody overtakes; only the way into it may be lost to a quicker one.
    assert sorted(waited)[len(waited) // 2] <= 1
    assert max(waited) <= 10


def test_a_dead_process_gives_its_turn_back(tmp_path: Path, child: Callable[..., Any]) -> None:
    other = child(
        """
        import sys
        from pathlib import Path
        from core.store.turn import Turn
        assert Turn(Path(sys.argv[1])).take(1)
        print("taken", flush=True)
        input()
        """,
        tmp_path,
    )
    assert other.line() == "taken"
    turn = Turn(tmp_path)
    assert not turn.take(0)
    assert turn.holder() == str(other.pid)
    other.kill()
    assert turn.take(10)


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    Turn(tmp_path).close()
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "write.gate": 0o600,
        "write.queue": 0o600,
    }


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Turn(tmp_path / "none")
