"""Processes from start to end: wall time, CPU time and peak memory, as the kernel counts them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")
_TAIL = 2000


class FailedError(Exception):
    """A command did not end as it should; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What some processes took together.

    `began` is when the first was started, in seconds since 1970. `wall` is from then to the end of the last one, `cpu`
    the sum of all, both in seconds; `memory` is the sum of the peak resident sizes, in MB. `said` is what each wrote
    to its standard output.
    """

    began: float
    wall: float
    cpu: float
    memory: float
    said: Sequence[str] = ()


def run(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str] | None = None, good: Collection[int] = (0,)
) -> Figures:
    """Run commands at the same time, with `environment` added to ours. Raises FailedError."""
    with tempfile.TemporaryDirectory(prefix="mailcutover-bench-") as name:
        folder = Path(name)
        launched = [
            _launch(command, folder / str(number), environment or {}) for number, command in enumerate(commands)
        ]
        for child in launched:
            child.wait()
        found = [json.loads((folder / f"{number}.json").read_text()) for number in range(len(commands))]
        for number, (command, figures) in enumerate(zip(commands, found, strict=True)):
            if figures["code"] not in good:
                complaint = (folder / f"{number}.err").read_text(errors="replace")[-_TAIL:]
                raise FailedError(f"{' '.join(command)}: exit code {figures['code']}\n{complaint}")
        began = min(figures["at"] for figures in found)
        return Figures(
            began,
            max(figures["at"] + figures["wall"] for figures in found) - began,
            sum(figures["cpu"] for figures in found),
            sum(figures["peak"] for figures in found) / 1024,
            [(folder / f"{number}.out").read_text(errors="replace") for number in range(len(commands))],
        )


def _launch(command: Sequence[str], base: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with base.with_suffix(".out").open("wb") as out, base.with_suffix(".err").open("wb") as err:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCH), str(base.with_suffix(".json")), *command],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
