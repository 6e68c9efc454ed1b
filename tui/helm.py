"""What the keys for start, pause, resume and stop do; to a batch, or to one mailbox of it.

Whoever runs the batch is told through the store, this process too. Nothing here touches the screen's thread for longer
than a glance: files, secrets and the disk are waited for elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from core.errors import MailcutoverError, UserError
from core.secret import Secret
from core.status import ACTIVE, Condition, MailboxStatus, Wish
from core.store.views import BatchView, MailboxView
from tui.runs import Runs
from tui.state import RESTING
from tui.theme import Tone

if TYPE_CHECKING:
    from core.batch.definition import Batch

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """What is meant: a batch, or one mailbox of it."""

    batch: BatchView
    mailbox: MailboxView | None = None

    @property
    def name(self) -> str:
        """How to call it."""
        return self.batch.name if self.mailbox is None else self.mailbox.source

    @property
    def source(self) -> str | None:
        """The mailbox's source login."""
        return None if self.mailbox is None else self.mailbox.source

    @property
    def runs(self) -> bool:
        """Whether any process runs the batch."""
        return self.batch.runner is not None

    @property
    def paused(self) -> bool:
        """Whether it is paused, or about to be."""
        return Condition.PAUSED in {self.batch.condition, self.mailbox and self.mailbox.condition}

    @property
    def held(self) -> bool:
        """Whether it is a mailbox that was paused or stopped by itself: the next run of its batch leaves it alone."""
        return self.mailbox is not None and self.mailbox.status is MailboxStatus.STOPPED


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


#: Actions as the keys name them.
START, PAUSE, RESUME, STOP = "run.start", "run.pause", "run.resume", "run.stop"


def idle(target: Target | None) -> frozenset[str]:
    """The actions that would do nothing now."""
    if target is None:
        return frozenset({START, PAUSE, RESUME, STOP})
    if not target.runs:
        return frozenset({PAUSE, STOP} if target.held else {PAUSE, RESUME, STOP})
    none: set[str] = {PAUSE} if target.paused else {RESUME}
    if target.mailbox is None:
        return frozenset(none if target.paused else none | {START})
    status = target.mailbox.status
    if status in RESTING:
        none |= {START, PAUSE, STOP}
    elif status in ACTIVE:
        none |= {START}
    return frozenset(none)


class Helm:
    """Does it, and says what was done or why not."""

    def __init__(self, runs: Runs, bridge: Bridge) -> None:
        self._runs = runs
        self._bridge = bridge
        self._beginning: set[str] = set()  # batches that are being started

    async def start(self, target: Target) -> None:
        """Run the batch here, or one mailbox of it; or let go on what is paused or stopped."""
        batch, mailbox = target.batch, target.mailbox
        if batch.runner is None:
            await self._begin(target)
        elif mailbox is None and not target.paused:
            self._bridge.flash(f"{batch.name} runs already: {batch.runner}", Tone.DIM)
        elif mailbox is not None and mailbox.status in RESTING:
            self._bridge.flash(f"{mailbox.source} is done in this run of {batch.name}", Tone.DIM)
        else:
            await self.resume(target)

    async def pause(self, target: Target) -> None:
        """Let nothing new begin; the process that runs it stays and waits."""
        if target.runs:
            await self._want(target, Wish.PAUSE, f"{target.name}: pausing; what is in flight finishes")
        else:
            self._not_running(target)

    async def resume(self, target: Target) -> None:
        """Take a pause or a stop back."""
        if not target.runs and not target.held:
            self._not_running(target)
            return
        # A batch also shows as paused when all that is left of it are mailboxes that were paused by themselves.
        whole = await self._guarded(
            f"{target.name} cannot be resumed", lambda: asyncio.to_thread(self._runs.paused_whole, target.batch.name)
        )
        if whole and target.mailbox is not None:
            self._bridge.flash(f"{target.batch.name} is paused as a whole: resume that", Tone.WAIT)
        elif whole is not None:
            await self._want(target, Wish.RUN, f"{target.name}: goes on")

    async def stop(self, target: Target) -> None:
        """End it at the next message, when the user is sure."""
        if not target.runs:
            self._not_running(target)
            return
        what = "the batch" if target.mailbox is None else f"this mailbox of {target.batch.name}"
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
        chosen = None if target.source is None else batch.select([target.source])
        for text in unanswered(batch, chosen):
            secret = await self._bridge.secret(text)
            if secret is None:
                self._bridge.flash(f"{target.name}: not started", Tone.DIM)
                return False
            answer(text, secret)
        await asyncio.to_thread(check_secrets, batch, chosen)
        sources = None if target.source is None else [target.source]
        return await asyncio.to_thread(self._runs.start, batch, sources)

    async def _want(self, target: Target, wish: Wish, said: str) -> None:
        async def want() -> bool:
            await asyncio.to_thread(self._runs.want, target.batch.name, wish, target.source)
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

    def _not_running(self, target: Target) -> None:
        self._bridge.flash(f"Nobody runs {target.name}: s starts it", Tone.DIM)


def _load(path: Path) -> "Batch":
    """The batch of a file; in a thread, because the import alone takes its time."""
    from core.batch.load import load

    return load(path)
