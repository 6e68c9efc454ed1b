import dataclasses
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.store import process as process_module
from core.store.process import Process, Standing, this_process

NAMING = """
    from core.store.process import this_process
    here = this_process()
    print(here.host, here.boot, here.pid, here.started, sep="\\t", flush=True)
    input()
"""


def named(line: str) -> Process:
    host, boot, pid, started = line.split("\t")
    return Process(host, boot, int(pid), int(started))


def wait_for(process: Process, standing: Standing) -> None:
    """A signal takes a moment."""
    for _ in range(1_000_000):
        if process.standing() is standing:
            return
    pytest.fail(f"{process} is {process.standing()}")


def test_this_process_runs() -> None:
    assert this_process().pid == os.getpid()
    assert this_process().started > 0
    assert this_process().standing() is Standing.RUNS


def test_another_process_runs_stands_still_and_dies(child: Callable[..., Any]) -> None:
    other = child(NAMING)
    process = named(other.line())
    assert process.standing() is Standing.RUNS
    os.kill(other.pid, signal.SIGSTOP)
    wait_for(process, Standing.FROZEN)
    os.kill(other.pid, signal.SIGCONT)
    wait_for(process, Standing.RUNS)
    other.kill()
    wait_for(process, Standing.DEAD)  # a zombie, as long as nobody has collected it
    other.bury()
    assert process.standing() is Standing.DEAD


def test_a_process_id_that_came_again_is_another_process() -> None:
    assert dataclasses.replace(this_process(), started=this_process().started - 1).standing() is Standing.DEAD


def test_another_boot_means_dead_and_another_host_is_unknown() -> None:
    here = this_process()
    boot, namespace = here.boot.split(" ")
    assert dataclasses.replace(here, boot=f"other {namespace}").standing() is Standing.DEAD
    assert dataclasses.replace(here, boot=f"{boot} pid:[1]").standing() is Standing.ELSEWHERE
    assert dataclasses.replace(here, host="elsewhere").standing() is Standing.ELSEWHERE


def test_names_with_parentheses_are_read(tmp_path: Path) -> None:
    program = tmp_path / "a) Z (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as sleeping:
        try:
            state, started = process_module._stat(sleeping.pid)
            assert state in "RSD"
            assert started >= this_process().started
        finally:
            sleeping.kill()


def test_without_proc_a_signal_tells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, child: Callable[..., Any]
) -> None:
    monkeypatch.setattr(process_module, "_PROC", tmp_path)
    this_process.cache_clear()
    try:
        here = this_process()
        assert (here.boot, here.started) == ("", 0)
        assert here.standing() is Standing.RUNS
        other = child(NAMING)
        assert other.line()
        known = dataclasses.replace(here, pid=other.pid)
        assert known.standing() is Standing.RUNS
        other.bury()
        assert known.standing() is Standing.DEAD
    finally:
        this_process.cache_clear()
