"""How often the screen is brought up to date: slower when the terminal does not keep up, faster when it does again."""

from collections.abc import Mapping

_LATE = 0.15  # seconds after which a tick was shown late
_SURE = 2  # late ticks in a row that are no accident
_SLOWEST = 4.0  # seconds
_CALM = 10  # ticks in time before it gets faster again


class Pace:
    """Seconds between two ticks: 0.25, over SSH 0.5; doubled after two late ones, halved after ten in time."""

    def __init__(self, usual: float) -> None:
        self.usual = usual
        self.seconds = usual
        self._calm = 0
        self._late = 0  # ticks in a row

    @classmethod
    def of(cls, environ: Mapping[str, str], rate: float | None = None) -> "Pace":
        """As the user wants it, in updates a second; else as fits where we are."""
        if rate is not None:
            return cls(1 / rate)
        return cls(0.5 if environ.get("SSH_CONNECTION") else 0.25)

    @property
    def slow(self) -> bool:
        """Whether the terminal holds us back; worth saying."""
        return self.seconds > self.usual

    def note(self, late: float, backlog: int) -> None:
        """A tick was shown `late` seconds after it was handed over, with `backlog` writes still to come before."""
        if late > _LATE or backlog:
            self._late += 1
            self._calm = 0
            if self._late >= _SURE:
                self.seconds = min(self.seconds * 2, _SLOWEST)
                self._late = 0
            return
        self._late = 0
        self._calm += 1
        if self._calm >= _CALM and self.slow:
            self.seconds = max(self.seconds / 2, self.usual)
            self._calm = 0
