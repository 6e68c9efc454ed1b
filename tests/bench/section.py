"""One work in the table: what each tool took, against the limit, against the best other tool, against the design."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bench import table
from tests.bench.table import Row
from tests.bench.targets import verdicts

OURS, LIMIT = "mailcutover", "raw"


@dataclass(slots=True)
class Section:
    """Rows of one work. `key` is the work's, in `targets`."""

    key: str
    work: str
    _rows: dict[str, Row] = field(default_factory=dict)
    _absent: dict[str, str] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """What a tool took."""
        self._rows[row.tool] = row

    @property
    def rows(self) -> tuple[Row, ...]:
        """What was measured so far."""
        return tuple(self._rows.values())

    def absent(self, tool: str, why: str) -> None:
        """A tool that could not be run."""
        self._absent[tool] = why

    def lines(self) -> Iterator[str]:
        """The rows as they are printed, absent tools last."""
        raw = self._rows.get(LIMIT)
        for tool, row in self._rows.items():
            peers = [other.rate for name, other in self._rows.items() if name not in {tool, OURS, LIMIT}]
            others = {name: other for name, other in self._rows.items() if name != tool}
            yield row.line(
                self.work,
                raw.rate if raw and row is not raw else None,
                max(peers, default=None) if tool == OURS else None,
                verdicts(self.key, row, others) if tool == OURS else "",
            )
        for tool, why in self._absent.items():
            yield table.absent(self.work, tool, why)
