"""A Textual driver that outlives its terminal.

Measured with Textual 8.2.8: its own driver hangs for ever, or spins, when the terminal goes away, and a terminal that
takes no output (a stalled link, Ctrl+S) blocks the whole program. Here output goes through a descriptor of our own
that never blocks, and once the terminal is `lost` everything written is dropped. After SIGSTOP its own would take raw
modes for those to restore, and read with two threads; at SIGTSTP it may wait for a lock that it holds itself.
"""

import os
import select
import signal
import sys
import termios
import threading
from io import TextIOWrapper
from typing import Any, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.keyboard import Keyboard

_LOOK = 250  # milliseconds between two looks whether to give up
_GLANCE = 100  # milliseconds between two looks whether a key that may have been Esc went on
_LARGE = 16_384  # characters that are not kept back until the next flush

#: Leaves the alternate screen, the mouse, pasting, focus and keyboard modes; shows the cursor, wraps lines.
RESTORE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[0m"
)


class TerminalLost(Message):
    """Nobody sees the screen any more."""


class CameBack(Message):
    """The process was stopped, and goes on: the terminal may show anything."""


class SafeFile:
    """The terminal's output as a text file. Writing waits as long as the terminal takes none, but not once `lost`."""

    def __init__(self, descriptor: int, lost: threading.Event) -> None:
        self._shown = descriptor
        self._lost = lost
        self._pending: list[str] = []
        self._waiting = 0
        self._descriptor, self._blocks = _own(descriptor)

    def write(self, text: str) -> None:
        """Take text; it goes out with the next `flush`, or at once when it is much."""
        self._pending.append(text)
        self._waiting += len(text)
        if self._waiting >= _LARGE:
            self.flush()

    def flush(self) -> None:
        """Write what was taken. Nothing is raised: a terminal that is gone is `lost`."""
        data = memoryview("".join(self._pending).encode("utf-8", "replace"))
        self._pending.clear()
        self._waiting = 0
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        try:
            while data and not self._lost.is_set():
                if poll.poll(_LOOK):
                    try:
                        data = data[os.write(self._descriptor, data[: 64 if self._blocks else _LARGE]) :]
                    except BlockingIOError:
                        continue
        except OSError:
            self._lost.set()

    def fileno(self) -> int:
        """The terminal's own descriptor."""
        return self._shown

    def isatty(self) -> bool:
        """It is one, or was."""
        return True

    def close(self) -> None:
        """Close what was opened here."""
        if self._descriptor != self._shown:
            os.close(self._descriptor)
            self._descriptor = self._shown


def _own(descriptor: int) -> tuple[int, bool]:
    """Our own way to the same terminal, that never blocks; else the given one, and that it does.

    Setting the given one to non-blocking would do so for the shell that started us as well.
    """
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(os.ttyname(descriptor), flags), False
    except OSError:  # as after `su`: it belongs to somebody else
        try:
            return os.open("/dev/tty", flags), False
        except OSError:
            return descriptor, True


class SafeDriver(LinuxDriver):
    """Posts `TerminalLost` to the app when the terminal hangs up, is closed, or cannot be written.

    Stopped (SIGTSTP, SIGSTOP), it gives the terminal back, if it is asked before; continued, it takes it over again and
    posts `CameBack`.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.lost = threading.Event()
        assert sys.__stderr__ is not None  # the console starts only with a terminal there
        self._safe = SafeFile(sys.__stderr__.fileno(), self.lost)
        self._file = cast("TextIOWrapper", self._safe)
        self._watcher: threading.Thread | None = None
        self._closed = threading.Event()
        self._away = False  # the terminal is not ours for now: what is written is dropped

    @property
    def backlog(self) -> int:
        """Pieces of output that wait for the terminal to take them."""
        writer = self._writer_thread
        return 0 if writer is None else writer._queue.qsize()  # noqa: SLF001 - Textual is pinned; a test holds this

    def start_application_mode(self) -> None:
        """Take the terminal over, and watch it."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="hangup", daemon=True)
            self._watcher.start()

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self.fileno, select.POLLHUP | select.POLLERR)
        while not self._closed.is_set() and not self.lost.is_set():
            if any(state & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, state in poll.poll(_LOOK)):
                self.lost.set()
        if self.lost.is_set():
            self.exit_event.set()  # the input thread would spin on end of file
            self._app.post_message(TerminalLost())

    def run_input_thread(self) -> None:
        """Read keys until the end, or until the terminal is gone."""
        keyboard = Keyboard(debug=self._debug)
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        try:
            while not self.exit_event.is_set() and not self.lost.is_set():
                messages: list[Message] = []
                if poll.poll(_GLANCE):
                    data = os.read(self.fileno, 4096)
                    if not data:  # a hangup; it could be read for ever
                        self.lost.set()
                    messages = keyboard.take(data)
                for message in (*messages, *keyboard.wait()):
                    self.process_message(message)
        except OSError:
            self.lost.set()

    def write(self, data: str) -> None:
        """Have it written, if the terminal is ours."""
        if not self._away:
            super().write(data)

    # --- stopped and continued ---------------------------------------------------------------------------------------

    def _sigtstp_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _sigcont_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._go_on)

    def _stop(self) -> None:
        """Give the terminal back, and stop."""
        self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _go_on(self) -> None:
        """Take the terminal over again. Modes that a shell has changed while we were stopped are those to restore."""
        if not self._away:
            self.suspend_application_mode()
        if self._closed.is_set() or self.lost.is_set():
            return
        self._away = False
        self.start_application_mode()
        # In the background of a shell it is not started, and we have been stopped again meanwhile.
        self._away = self._key_thread is None or not self._key_thread.is_alive()
        if not self._away:
            self._app.post_message(CameBack())

    def suspend_application_mode(self) -> None:
        """Give the terminal back, for a while."""
        self.stop_application_mode()
        super().close()
        self._away = True

    def close(self) -> None:
        """End the threads, close our own descriptor."""
        self._closed.set()
        super().close()
        self._safe.close()

    def rescue(self) -> None:
        """Put the terminal back by force, without waiting for anything; for when Textual does not come to it."""
        self.lost.set()
        rescue(self.fileno, self.attrs_before)


def rescue(descriptor: int, attributes: list[Any] | None) -> None:
    """Restore a terminal's modes as far as it lets us, without blocking."""
    output, blocks = _own(descriptor)
    try:
        if attributes is not None:
            termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
        if not blocks:
            os.write(output, RESTORE)
    except (OSError, termios.error):
        return  # it is gone, or takes nothing: there is nobody to restore it for
    finally:
        if output != descriptor:
            os.close(output)
