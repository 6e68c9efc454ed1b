"""The entry point: the command line, and the console when no command is given."""

import contextlib
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import EXIT_STOPPED, UserError

if TYPE_CHECKING:
    from core.cli.invocation import ConsoleOptions
    from tui.runs import Runs

_CURE = "use `mailcutover run`, or a terminal"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, or the console; the exit code."""
    from core.cli.main import main as command_line

    return command_line(argv, console=console)


def console(files: Sequence[Path], state: Path | None, options: "ConsoleOptions") -> int:
    """Open the console with these batch files and that state folder; the exit code.

    Raises UserError where there is no terminal to draw on, StateError where there is no store.
    """
    unfit = _unfit(os.environ)
    if unfit is not None:
        raise UserError(f"{unfit}; {_CURE}")
    # What is imported stays. To look through it again and again takes a third of the start (measured), and makes every
    # later collection longer.
    gc.disable()
    try:
        _prepare(os.environ)
        from tui import settings as user_settings

        settings = user_settings.load(user_settings.where())
        if settings.theme == "none":
            os.environ["NO_COLOR"] = "1"
        from core.batch.prompt import keep_off_terminal
        from core.clock import SystemClock
        from core.engine.library_log import libraries_told
        from core.store.database import Database
        from core.store.events import EventLog
        from core.store.location import state_folder
        from tui import session
        from tui.app import Console
        from tui.ascii import given_environ, locale_is_ascii
        from tui.runs import Runs
        from tui.signals import Signals, end_process
    finally:
        gc.enable()
    gc.freeze()

    keep_off_terminal()
    clock = SystemClock()
    with Database.open(state_folder(state)) as database, libraries_told(EventLog(database).append):
        runs = Runs(database, clock)
        app = Console(
            database,
            runs,
            clock,
            files,
            environ=os.environ,
            settings=settings,
            session=session.load(database.folder),
            ascii_=options.ascii or (locale_is_ascii(given_environ()) if settings.ascii is None else settings.ascii),
            read_only=options.read_only,
        )

        def stop(now: bool) -> None:
            if now:
                runs.give_up()
            else:
                runs.stop()

        def last_resort() -> None:
            _wind_up(runs)
            end_process(EXIT_STOPPED)

        signals = Signals(app, stop, runs.hand_over, last_resort)
        signals.install()
        try:
            code = app.run(mouse=options.mouse and settings.mouse)
            if app.fault is None:  # what brought a fault about should not do so at each start
                with contextlib.suppress(OSError):  # a convenience: no reason to end otherwise
                    session.save(database.folder, app.dashboard.session)
        finally:
            signals.ended.set()
            try:
                _wind_up(runs)
            finally:
                signals.restore()
    if app.fault is not None:
        raise app.fault
    if runs.faults:
        raise runs.faults[0]
    if signals.received is not None:
        return EXIT_STOPPED
    return code if code is not None else EXIT_STOPPED


def _wind_up(runs: "Runs") -> None:
    """Wait for what still runs, and say so: the screen is gone, and signals still count. Then let go on what is to."""
    from core.cli.output import complain

    flying = runs.in_flight
    if flying:
        complain(f"Stopping, {flying} in flight")
    runs.close()
    for handed in runs.go_on():
        complain(handed.sentence())


def _unfit(environ: Mapping[str, str]) -> str | None:
    """Why this terminal cannot show the console; None when it can."""
    if not (os.isatty(0) and os.isatty(2)):
        return "the console needs a terminal (on standard input and standard error)"
    if environ.get("TERM", "") in {"", "dumb", "unknown"}:
        return "the console cannot draw on this terminal (TERM is missing, dumb or unknown)"
    return None


def _prepare(environ: "os._Environ[str]") -> None:
    """What Textual reads when it is imported: nothing moves by itself, less is sent over SSH, no log of its own.

    Its log would hold what is pasted, and so passwords. Sizes that a shell has exported would count for more than those
    of the terminal, also when that gets another.
    """
    for name in ("TEXTUAL", "TEXTUAL_LOG", "COLUMNS", "LINES"):
        environ.pop(name, None)
    environ["TEXTUAL_ANIMATIONS"] = "none"
    environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
    if environ.get("SSH_CONNECTION"):
        environ.setdefault("TEXTUAL_FPS", "15")


if __name__ == "__main__":
    sys.exit(main())
