"""What a command knows besides its own arguments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import, and `--help` needs none of it
    from core.store.database import Database


@dataclass(slots=True)
class ConsoleOptions:
    """How the console is opened."""

    read_only: bool = False  # it looks on, and steers nothing
    mouse: bool = True
    ascii: bool = False  # draw with ASCII alone, whatever the locale and the settings say


#: Opens the console with these batch files and this state folder (None: the usual one); returns an exit code.
Console = Callable[[Sequence[Path], Path | None, ConsoleOptions], int]


@dataclass(slots=True)
class Invocation:
    """One call of the program: where its store is, and who opens the console, and how."""

    state: Path | None = None
    console: Console | None = None
    options: ConsoleOptions = field(default_factory=ConsoleOptions)

    def store(self) -> "Database":
        """Open the store; the caller closes it. Raises StateError."""
        from core.store.database import Database
        from core.store.location import state_folder

        return Database.open(state_folder(self.state))
