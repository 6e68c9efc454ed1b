"""What the keys for start, pause, resume and stop do; to a batch, or to some mailboxes of it.

Whoever runs the batch is told through the store, this process too. Nothing here touches the screen's thread for longer
than a glance: files, secrets and the disk are waited for elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from core.errors import MailcutoverError, UserError
from core.secret import Secret
from core.status import Wish
from tui.keymap import Keymap
from tui.runs import Runs
from tui.target import PAUSE, RESUME, START, STOP, Target, reasons
from tui.theme import Tone

if TYPE_CHECKING:
    from core.batch.definition import Batch

T = TypeVar("T")


class Bridge(Protocol):
    """What the helm needs of the screen."""

    def flash(self, word: str, tone: Tone = Tone.PLAIN) -> None:
        """Say a word at the bottom."""
        ...

    async def sure(self, title: str, question: str, answer: str) -> bool:
        """Ask before something that is hard to take back."""
        ...

    async def secret(self, text: str) -> Secret | None:
        """Ask for a secret."""
        ...

    async def problems(self, title: str, problems: Sequence[str]) -> None:
        """Show what is wrong, until it was seen."""
        ...


class Helm:
    """Does it, and says what was done or why not.

    To add an action on batches and mailboxes: a deed here, when it may be of no use a reason in `tui.target`, and a
    line in `tui.keys` whose action is ``steer('its id')``.
    """

    def __init__(self, runs: Runs, bridge: Bridge, keymap: Keymap) -> None:
        self._runs = runs
        self._bridge = bridge
        self._keymap = keymap
        self._beginning: set[str] = set()  # batches that are being started
        self._deeds: Mapping[str, Callable[[Target], Awaitable[None]]] = {
            START: self._start,
            PAUSE: self._pause,
            RESUME: self._resume,
            STOP: self._stop,
        }

    def reasons(self, target: Target | None) -> Mapping[str, str]:
        """Why actions would do nothing now, by their ids."""
        return reasons(target, self._keymap.first(START))

    async def steer(self, action: str, target: Target | None) -> None:
        """Do an action, by its id, to what it does something to; else say why it does nothing."""
        why = self.reasons(target).get(action)
        if why is not None:
            self._bridge.flash(why, Tone.DIM)
        elif target is not None:
            await self._deeds[action](target.useful(action))

    async def _start(self, target: Target) -> None:
        """Run the batch here, or some mailboxes of it; or let go on what is paused or stopped."""
        await (self._resume(target) if target.runs else self._begin(target))

    async def _pause(self, target: Target) -> None:
        """Let nothing new begin; the process that runs it stays and waits."""
        await self._want(target, Wish.PAUSE, f"{target.name}: pausing; what is in flight finishes")

    async def _resume(self, target: Target) -> None:
        """Take a pause or a stop back."""
        # A batch also shows as paused when all that is left of it are mailboxes that were paused by themselves.
        whole = await self._guarded(
            f"{target.name} cannot be resumed", lambda: asyncio.to_thread(self._runs.paused_whole, target.batch.name)
        )
        if whole and target.mailboxes:
            self._bridge.flash(f"{target.batch.name} is paused as a whole: resume that", Tone.WAIT)
        elif whole is not None:
            await self._want(target, Wish.RUN, f"{target.name}: goes on")

    async def _stop(self, target: Target) -> None:
        """End it at the next message, when the user is sure."""
        what = "the batch"
        if target.mailboxes:
            what = "this mailbox" if len(target.mailboxes) == 1 else f"these {len(target.mailboxes)} mailboxes"
            what += f" of {target.batch.name}"
        question = f"Stop {what} at the next message? What is in flight finishes; starting it again goes on from there."
        if await self._bridge.sure(f"Stop {target.name}", question, "Stop"):
            await self._want(target, Wish.STOP, f"{target.name}: stopping; what is in flight finishes")

    async def add(self, path: Path) -> str | None:
        """Make the batch of a file known to the store, or take over what has changed in it; its name."""
        return await self._guarded(f"{path.name} cannot be opened", lambda: asyncio.to_thread(self._runs.add, path))

    async def _begin(self, target: Target) -> None:
        batch = target.batch
        if batch.name in self._beginning:
            return
        self._beginning.add(batch.name)
        self._bridge.flash(f"{target.name}: starting", Tone.DIM)
        try:
            done = await self._guarded(f"{batch.name} cannot be started", lambda: self._prepare(target))
        finally:
            self._beginning.discard(batch.name)
        if done:
            self._bridge.flash(f"{target.name}: started in this process", Tone.ACTIVE)

    async def _prepare(self, target: Target) -> bool:
        batch = await asyncio.to_thread(_load, target.batch.path)
        from core.batch.prompt import answer
        from core.batch.readiness import check_secrets, unanswered

        if batch.name != target.batch.name:
            raise UserError(f"{target.batch.path}: now holds the batch {batch.name}, no longer {target.batch.name}")
        sources = list(target.sources) or None
        chosen = None if sources is None else batch.select(sources)
        for text in unanswered(batch, chosen):
            secret = await self._bridge.secret(text)
            if secret is None:
                self._bridge.flash(f"{target.name}: not started", Tone.DIM)
                return False
            answer(text, secret)
        await asyncio.to_thread(check_secrets, batch, chosen)
        return await asyncio.to_thread(self._runs.start, batch, sources)

    async def _want(self, target: Target, wish: Wish, said: str) -> None:
        async def want() -> bool:
            await asyncio.to_thread(self._runs.want, target.batch.name, wish, target.sources)
            return True

        if await self._guarded(f"{target.name} cannot be told", want):
            nobody = "" if target.runs else f" (nobody runs {target.batch.name} now)"
            self._bridge.flash(said + nobody)

    async def _guarded(self, title: str, work: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await work()
        except UserError as error:
            await self._bridge.problems(title, error.problems)
        except MailcutoverError as error:
            self._bridge.flash(f"{title}: {error}", Tone.WARN)
        return None


def _load(path: Path) -> "Batch":
    """The batch of a file; in a thread, because the import alone takes its time."""
    from core.batch.load import load

    return load(path)
