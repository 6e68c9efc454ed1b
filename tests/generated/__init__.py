"""Mail of our own making: any number of messages that real servers have to cope with, the same ones each time.

The strategies are for properties, which shrink what fails; `mailbox` is for whole runs.
"""

from dataclasses import dataclass
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.generated.folders import held, paths, wire
from tests.generated.letters import Letter, letters

__all__ = ["Letter", "Mailbox", "examples", "mailbox"]

_T = TypeVar("_T")
_SEED = 20_261_122
#: The first example of a run is always the plainest.
_QUICK = settings(
    max_examples=2, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Folders, names from the top, no two alike on a server that parts them with "/", INBOX first; and messages in
    them, some of them twice."""

    folders: tuple[tuple[str, ...], ...]
    letters: tuple[Letter, ...]


def mailbox(count: int, *, number: int = 0) -> Mailbox:
    """A mailbox with so many messages. Another `number` gives another one; the same gives the same, everywhere."""
    drawn = [("INBOX",), *examples(paths, 12 + count // 50, number=number)]
    folders = list({wire(held(path, "/"), "/"): path for path in drawn}.values())
    twins = count // 50
    found = examples(letters(len(folders)), count - twins, number=number)
    return Mailbox(tuple(folders), (*found, *found[:twins]))


def examples(strategy: st.SearchStrategy[_T], count: int, *, number: int = 0) -> list[_T]:
    """So many examples of a strategy: always the same ones, with this version of hypothesis.

    Each is drawn for itself: within one run, hypothesis makes most of its examples from those before.
    """
    return [_example(strategy, _SEED + 1_000_000 * number + place) for place in range(count)]


def _example(strategy: st.SearchStrategy[_T], number: int) -> _T:
    found: list[_T] = []

    @seed(number)
    @_QUICK
    @given(strategy)
    def draw(example: _T) -> None:
        found.append(example)

    draw()
    return found[-1]
