"""What the keys for start, pause, resume and stop do; to a batch, or to some mailboxes of it.

Whoever runs the batch is told through the store, this process too. Nothing here touches the screen's thread for longer
than a glance: files, secrets and the disk are waited for elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.errors import MailcutoverError, UserError
from core.status import Demand, Wish
from tui.bridge import Bridge
from tui.forms import Forms
from tui.keymap import Keymap
from tui.limits import Limits
from tui.runs import Runs
from tui.target import (
    AGAIN,
    CHANGES,
    EDIT,
    FIRST,
    LEFT_OUT,
    LIMITS,
    NEW,
    PAUSE,
    RESUME,
    RETRY,
    START,
    STOP,
    Target,
    reasons,
)
from tui.theme import Tone

if TYPE_CHECKING:
    from core.batch.definition import Batch

T = TypeVar("T")

#: Messages on one page.
_MANY = 2_000


class Helm:
    """Does it, and says what was done or why not.

    To add an action on batches and mailboxes: a deed here, when it may be of no use a reason in `tui.target`, and a
    line in `tui.keys` whose action is ``steer('its id')``.
    """

    def __init__(
        self, runs: Runs, bridge: Bridge, keymap: Keymap, limits: Limits, forms: Forms, *, read_only: bool = False
    ) -> None:
        self._runs = runs
        self._limits = limits
        self._forms = forms
        self._read_only = read_only
        self._bridge = bridge
        self._keymap = keymap
        self._beginning: set[str] = set()  # batches that are being started
        self._deeds: Mapping[str, Callable[[Target], Awaitable[None]]] = {
            START: self._start,
            PAUSE: self._pause,
            RESUME: self._resume,
            STOP: self._stop,
            AGAIN: self._again,
            RETRY: self._retry,
            FIRST: self._first,
            LIMITS: self._change_limits,
            LEFT_OUT: self._show_left_out,
            EDIT: lambda target: self._forms.edit(target.batch.path),
        }

    def reasons(self, target: Target | None) -> Mapping[str, str]:
        """Why actions would do nothing now, by their ids."""
        if self._read_only:
            return dict.fromkeys(CHANGES, "This console only looks on (--read-only)") | {
                action: why for action, why in reasons(target).items() if action not in CHANGES
            }
        return reasons(target, self._keymap.first(START))

    async def steer(self, action: str, target: Target | None) -> None:
        """Do an action, by its id, to what it does something to; else say why it does nothing."""
        why = self.reasons(target).get(action)
        if why is not None:
            self._bridge.flash(why, Tone.DIM)
        elif action == NEW:
            await self._forms.new(Path.cwd() if target is None else target.batch.path.parent)
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

    async def _again(self, target: Target) -> None:
        """Another pass, now."""
        await self._ask(target, Demand.SYNC, f"{target.name}: another pass, as soon as there is room")

    async def _retry(self, target: Target) -> None:
        """Another pass, with what the destination refused before."""
        if target.runs:
            await self._ask(target, Demand.RETRY, f"{target.name}: what was refused is tried again")
        else:
            await self._begin(target, retry_rejected=True)

    async def _first(self, target: Target) -> None:
        """Let mailboxes go before others, or no longer."""

        async def prefer() -> bool | None:
            return await asyncio.to_thread(self._runs.prefer, target.batch.name, target.sources)

        first = await self._guarded(f"{target.name} cannot be put first", prefer)
        if first is not None:
            self._bridge.flash(f"{target.name}: {'before the others' if first else 'in the order of the batch file'}")

    async def _change_limits(self, target: Target) -> None:
        """How much runs at once, how fast and when."""
        await self._limits.change(target.batch)

    async def _show_left_out(self, target: Target) -> None:
        """Why messages are not at the destination; of one mailbox."""
        mailbox = target.mailboxes[0]
        found = await self._guarded(
            f"{mailbox.source} cannot be read",
            lambda: asyncio.to_thread(self._runs.left_out, mailbox.batch, mailbox.source, _MANY + 1),
        )
        if found is not None:
            await self._bridge.left_out(mailbox.source, found[:_MANY], more=len(found) > _MANY)

    async def add(self, path: Path) -> str | None:
        """Make the batch of a file known to the store, or take over what has changed in it; its name."""
        return await self._guarded(f"{path.name} cannot be opened", lambda: asyncio.to_thread(self._runs.add, path))

    async def _begin(self, target: Target, *, retry_rejected: bool = False) -> None:
        batch = target.batch
        if batch.name in self._beginning:
            return
        self._beginning.add(batch.name)
        self._bridge.flash(f"{target.name}: starting", Tone.DIM)
        try:
            done = await self._guarded(f"{batch.name} cannot be started", lambda: self._prepare(target, retry_rejected))
        finally:
            self._beginning.discard(batch.name)
        if done:
            self._bridge.flash(f"{target.name}: started in this process", Tone.ACTIVE)

    async def _prepare(self, target: Target, retry_rejected: bool) -> bool:
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
        return await asyncio.to_thread(self._runs.start, batch, sources, retry_rejected=retry_rejected)

    async def _ask(self, target: Target, demand: Demand, said: str) -> None:
        async def ask() -> bool:
            await asyncio.to_thread(self._runs.ask, target.batch.name, demand, target.sources)
            return True

        if await self._guarded(f"{target.name} cannot be told", ask):
            self._bridge.flash(said)

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
