"""One line of the console's table: what was measured, and what the design allows."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

HEADER = f"{'measure':<66} {'figure':>14}  {'budget':<14} verdict"


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is in `unit`; no `budget`, no verdict. A `floor` must be reached, any other budget not exceeded."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    floor: bool = False

    @property
    def holds(self) -> bool:
        """Whether the budget is kept."""
        within: Callable[[float, float], bool] = operator.ge if self.floor else operator.le
        return self.budget is None or within(self.value, self.budget)

    def line(self) -> str:
        """As it is printed."""
        if self.budget is None:
            return f"{self.name:<66} {_figure(self.value, self.unit):>14}"
        budget = f"{'>=' if self.floor else '<='} {_figure(self.budget, self.unit)}"
        return (
            f"{self.name:<66} {_figure(self.value, self.unit):>14}  {budget:<14} {'holds' if self.holds else 'misses'}"
        )


def _figure(value: float, unit: str) -> str:
    digits = 0 if value == int(value) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
