"""Output to a terminal that may take nothing, or be gone."""

import contextlib
import os
import pty
import termios
import threading
from collections.abc import Iterator
from io import TextIOWrapper
from types import SimpleNamespace
from typing import cast

import pytest
from textual.drivers._writer_thread import WriterThread
from textual.message import Message

from tui.driver import RESTORE, SafeDriver, SafeFile, TerminalLost, rescue


class Line:
    """Both ends of a pseudo-terminal."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += os.read(self.master, size - len(data))
        return data


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    for descriptor in (line.master, line.slave):
        with contextlib.suppress(OSError):
            os.close(descriptor)


def test_text_goes_out_with_the_flush_and_much_of_it_at_once(line: Line) -> None:
    lost = threading.Event()
    file = SafeFile(line.slave, lost)
    file.write("Grüße ")
    file.write("\x1b[1m日本\ud800")
    file.flush()
    assert line.read(19).decode() == "Grüße \x1b[1m日本?"
    reader = threading.Thread(target=line.read, args=(20_000,))
    reader.start()
    file.write("x" * 20_000)
    reader.join(20)
    assert not reader.is_alive()
    assert not lost.is_set()
    file.close()


def test_the_given_descriptor_stays_blocking(line: Line) -> None:
    file = SafeFile(line.slave, threading.Event())
    assert os.get_blocking(line.slave)
    assert file.fileno() == line.slave
    file.close()


def test_a_terminal_that_takes_nothing_holds_a_writer_only_until_it_is_lost(line: Line) -> None:
    lost = threading.Event()
    file = SafeFile(line.slave, lost)
    writer = threading.Thread(target=file.write, args=("x" * 2_000_000,))
    writer.start()
    writer.join(0.5)
    assert writer.is_alive()
    lost.set()
    writer.join(20)
    assert not writer.is_alive()
    file.write("y" * 2_000_000)  # dropped
    file.close()


def test_a_terminal_that_is_gone_is_lost_and_nothing_is_raised(line: Line) -> None:
    lost = threading.Event()
    file = SafeFile(line.slave, lost)
    os.close(line.master)
    file.write("x")
    file.flush()
    assert lost.is_set()
    file.close()


def test_what_waits_for_the_terminal_is_counted(line: Line) -> None:
    driver = SafeDriver.__new__(SafeDriver)
    driver._away, driver._writer_thread = False, None
    assert driver.backlog == 0
    driver._writer_thread = WriterThread(cast("TextIOWrapper", SafeFile(line.slave, threading.Event())))  # not started
    driver.write("one")
    driver.write("two")
    assert driver.backlog == 2
    driver._away = True
    driver.write("nobody sees it")
    assert driver.backlog == 2


def test_nobody_goes_on_reading_from_a_terminal_that_is_gone(line: Line) -> None:
    """Of what is gone one can read nothing for ever: a third of a core, measured."""
    told: list[Message] = []
    driver = SafeDriver.__new__(SafeDriver)
    driver._app = SimpleNamespace(post_message=told.append)  # type: ignore[assignment]
    driver._debug, driver.fileno = False, line.slave
    driver.lost, driver.exit_event, driver._closed = threading.Event(), threading.Event(), threading.Event()
    threads = [threading.Thread(target=target) for target in (driver.run_input_thread, driver._watch)]
    for thread in threads:
        thread.start()
    os.close(line.master)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert [type(message) for message in told] == [TerminalLost]


def test_a_rescue_restores_modes_and_writes_the_rest_without_waiting(line: Line) -> None:
    before = termios.tcgetattr(line.slave)
    raw = termios.tcgetattr(line.slave)
    raw[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(line.slave, termios.TCSANOW, raw)
    rescue(line.slave, before)
    assert termios.tcgetattr(line.slave) == before
    assert line.read(len(RESTORE)) == RESTORE


def test_a_rescue_of_a_terminal_that_is_gone_says_nothing(line: Line) -> None:
    before = termios.tcgetattr(line.slave)
    os.close(line.master)
    rescue(line.slave, before)
