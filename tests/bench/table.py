"""The one table of the bench: a line for each tool and work, with the figures of the design that it is about."""

from dataclasses import dataclass

HEADER = (
    f"{'work':<40} {'tool':<14} {'seconds':>8} {'msg/s':>7} {'MB/s':>7} {'CPU ms/m':>8} {'peak MB':>7} "
    f"{'/raw':>6} {'/peer':>6}  design, section 4"
)
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """What one tool took for one work: seconds, CPU seconds, peak MB. `size` is the bytes of the mail."""

    tool: str
    messages: int
    size: int
    seconds: float
    cpu: float
    memory: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def each(self) -> float:
        """CPU milliseconds a message."""
        return 1000 * self.cpu / self.messages

    def line(self, work: str, raw: float | None, peer: float | None, verdict: str) -> str:
        """As it is printed; `raw` and `peer` are messages a second of the limit and of the best other tool."""
        return (
            f"{work:<40} {self.tool:<14} {self.seconds:8.2f} {self.rate:7.0f} {self.size / self.seconds / 1e6:7.1f} "
            f"{self.each:8.3f} {self.memory:7.0f} {_ratio(self.rate, raw)} {_ratio(self.rate, peer)}  {verdict}"
        ).rstrip()


def absent(work: str, tool: str, why: str) -> str:
    """The line of a tool that could not be run."""
    return f"{work:<40} {tool:<14} {why}"


def _ratio(rate: float, other: float | None) -> str:
    return f"{_NOTHING:>6}" if not other else f"{rate / other:6.2f}"
