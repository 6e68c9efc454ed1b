"""What is said below a form of the line that the cursor is on: what it is for, what is allowed, what is wrong."""

from collections.abc import Sequence

from core.batch.file_keys import FileKey
from core.batch.problem import Problem
from core.printable import printable
from tui.format import wrap
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line

#: Lines that it takes.
HEIGHT = 4


def advice(key: FileKey | None, problems: Sequence[Problem], width: int) -> list[Line]:
    """At most `HEIGHT` lines."""
    lines: list[Line] = []
    for problem in problems[:1]:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        for line in wrap(printable(f"{problem.key}: {problem.text}{more}"), width - 4)[:2]:
            lines.append((Cell(" ✗ " if not lines else "   ", Tone.BAD), Cell(line, Tone.BAD)))
    if key is not None:
        told = wrap(key.what, width - 2) if key.what else []
        lines += [(Cell(f" {line}"),) for line in told]
        if key.allowed:
            lines += [(Cell(f" {line}", Tone.DIM),) for line in wrap(key.allowed, width - 2)]
    return lines[:HEIGHT]
