"""Printing, also when nobody reads it any more."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from core.errors import EXIT_FAULT
from core.printable import printable


def say(lines: Iterable[str], *, live: bool = False) -> bool:
    """Print lines to stdout, whatever is in them, each at once when `live`.

    That their reader has gone is no error of ours: then False.
    """
    return all(_print(printable(line, None), live=live) for line in lines) and _print("", live=True, end="")


def complain(text: str) -> None:
    """Print one line to stderr, whatever is in the text."""
    try:
        print(f"mailcutover: {printable(text)}", file=sys.stderr, flush=True)
    except OSError:
        return


def complain_of_fault(error: BaseException, state: Path | None) -> int:
    """Write a fault of our own down, say where, and return its exit code."""
    from core.cli.crash import write_crash

    kept = write_crash(error, state)
    details = f"the details are in {kept}" if kept else "there was no room to keep its details"
    complain(f"a fault of mailcutover's own ({type(error).__name__}); {details}")
    return EXIT_FAULT


def _print(line: str, *, live: bool, end: str = "\n") -> bool:
    try:
        print(line, end=end, flush=live)
    except OSError:
        _hush()
        return False
    return True


def _hush() -> None:
    """What is left in the buffer of stdout must not fail once more when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
