"""A call that waits, in a thread of its own, so that a test can go on."""

import threading
from collections.abc import Callable

from core.ports.failure import Action, EndpointError


class Call:
    """Begins at once. Every test ends it."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._error: BaseException | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as error:  # noqa: BLE001  given to who asks for it
            self._error = error

    @property
    def waits(self) -> bool:
        """Whether it is still under way; gives it a little time to end."""
        self._thread.join(0.1)
        return self._thread.is_alive()

    def error(self) -> BaseException | None:
        """What it raised, if anything, once it has ended."""
        self._thread.join(20)
        assert not self._thread.is_alive(), "it never ended"
        return self._error

    def failure(self) -> tuple[Action, str, bool]:
        """How it failed: what to do, the code, and whether it is in doubt."""
        error = self.error()
        assert isinstance(error, EndpointError), error
        return error.failure.action, error.failure.code, error.failure.in_doubt
