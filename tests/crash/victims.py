"""Runs that may be killed, from where tests are written."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.system.program import Migrated

CHECKOUT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, or minus the signal; and what it said."""

    status: int
    said: str

    def came_to(self, point: str, hit: int) -> bool:
        """Whether it was killed there. Another thread may have said a word more."""
        return f"killed at {point} ({hit})\n" in self.said

    def migrated(self) -> Migrated:
        """What `run --json` printed, when it came to its end with 0."""
        assert self.status == 0, f"{self.status}\n{self.said}"
        return Migrated.read(self.said)


class Victims:
    """One helper process that starts runs, one at a time (`tests.crash.__main__`). Use it in a `with` block."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash"],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        arguments: Sequence[str | Path],
        output: Path,
        environment: Mapping[str, str],
        *,
        kind: str = "",
        point: str | None = None,
        hit: int = 1,
        after: float | None = None,
    ) -> Ended:
        """Run the program to its end, or until it is killed: at a point of `kind`, or after so many seconds."""
        job = {
            "arguments": list(map(str, arguments)),
            "output": str(output),
            "environment": dict(environment),
            "kind": kind,
            "point": point,
            "hit": hit,
            "after": after,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ended(answer["status"], output.read_text(errors="replace"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
