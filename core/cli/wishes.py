"""What `pause`, `resume` and `stop` have in common: they record a wish, and say who will hear it."""

import json
import shlex
from collections.abc import Sequence

from core.cli.output import say
from core.cli.target import batch_file, is_file, known_batch, sources
from core.errors import UserError
from core.status import Wish
from core.store.batches import Batches
from core.store.database import Database
from core.store.holder import Holder, holder
from core.store.known import KnownBatch
from core.store.wanted import Wanted

_DONE = {
    Wish.RUN: "is to go on",
    Wish.PAUSE: "is to pause",
    Wish.STOP: "is to stop",
    Wish.STOP_NOW: "is to stop at once, cutting off what is in flight",
}


def record(database: Database, batch: str, wish: Wish, names: Sequence[str], *, as_json: bool) -> None:
    """Record a wish for a batch, or for some of its mailboxes, and print what comes of it."""
    known = _known(database, batch)
    chosen = sources(database, known.name, names)
    wanted = Wanted(database)
    if not chosen:
        wanted.want(known.name, wish)
    for source in chosen:
        wanted.want(known.name, wish, source)
    runner = holder(database, f"batch:{known.name}")
    if runner is not None and not runner.alive:
        runner = None
    if as_json:
        said = {"batch": known.name, "wish": wish.value, "mailboxes": chosen, "runner": _object(runner)}
        say([json.dumps(said)])
        return
    lines = [f"{', '.join(chosen) or known.name} {_DONE[wish]}"]
    if runner is None:
        lifts = "" if chosen or wish is Wish.RUN else ", and lifts this wish"
        lines.append(f"nobody runs {known.name} now; `mailcutover run {shlex.quote(str(known.path))}` starts it{lifts}")
    if wish is Wish.RUN and not chosen:
        lines += _held(known, wanted)
    say(lines)


def _known(database: Database, batch: str) -> KnownBatch:
    """The batch; one that never ran becomes known by its file."""
    if is_file(batch):
        try:
            return known_batch(database, batch)
        except UserError:
            from core.batch.load import load

            loaded = load(batch_file(database, batch))
            Batches(database).add(loaded)
            batch = loaded.name
    return known_batch(database, batch)


def _held(known: KnownBatch, wanted: Wanted) -> list[str]:
    """A line on mailboxes with a wish of their own: it outlives their batch's."""
    held = [source for source, wish in wanted.read(known.name).mailboxes.items() if wish is not Wish.RUN]
    if not held:
        return []
    names = " ".join(f"--mailbox {shlex.quote(source)}" for source in held)
    return [f"still held by themselves: {', '.join(held)}; `mailcutover resume {known.name} {names}` lets them go on"]


def _object(runner: Holder | None) -> dict[str, str | int] | None:
    return None if runner is None else {"host": runner.host, "pid": runner.pid}
