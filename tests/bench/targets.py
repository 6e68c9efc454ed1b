"""The figures to reach, and whether a run reached them. Nothing fails over them: a table says so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.table import Row


@dataclass(frozen=True, slots=True)
class Target:
    """One figure. `value` makes it from our row and those of the others, by their names; None: it was not measured."""

    words: str
    value: Callable[[Row, Mapping[str, Row]], float | None]
    least: float | None = None
    most: float | None = None

    def verdict(self, ours: Row, others: Mapping[str, Row]) -> str:
        """In words, with the figure."""
        value = self.value(ours, others)
        if value is None:
            return f"{self.words}: not measured"
        met = (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
        return f"{self.words}: {'met' if met else 'MISSED'}, {value:.3g}"


def _than(tool: str) -> Callable[[Row, Mapping[str, Row]], float | None]:
    def ratio(ours: Row, others: Mapping[str, Row]) -> float | None:
        return ours.rate / others[tool].rate if tool in others else None

    return ratio


_MEMORY = Target("at most 200 MB", lambda ours, _: ours.memory, most=200)
_FAR = (Target("0.9 x raw", _than("raw"), least=0.9), Target("1 x mbsync", _than("mbsync"), least=1))

#: By the key of the work; "again" is the second pass.
TARGETS: Mapping[str, Sequence[Target]] = {
    "imap-4k": (
        Target("1 x dsync", _than("doveadm backup"), least=1),
        Target("10 x imapsync", _than("imapsync"), least=10),
    ),
    "imap-4k again": (Target("1 x mbsync", _than("mbsync"), least=1),),
    "imap-far": _FAR,
    "imap-narrow": _FAR,
    "imap-huge": (_MEMORY,),
    "ews-0": (
        Target("0.8 x raw", _than("raw"), least=0.8),
        Target("3 x bulk_create", _than("bulk_create"), least=3),
        Target("CPU at most 0.25 ms", lambda ours, _: ours.each, most=0.25),
    ),
    "ews-20": (Target("0.8 x raw", _than("raw"), least=0.8),),
    "ews-100": (Target("0.8 x raw", _than("raw"), least=0.8),),
    "ews-huge": (_MEMORY,),
}


def verdicts(key: str, ours: Row, others: Mapping[str, Row]) -> str:
    """All that the design asks of a work; what is about a tool that is not here is left out."""
    found = (target.verdict(ours, others) for target in TARGETS.get(key, ()))
    return "; ".join(found)
