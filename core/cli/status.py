"""`status`: what is, and who runs it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from core.cli.invocation import Invocation
from core.cli.options import json_option, state_option
from core.cli.output import say
from core.cli.target import known_batch
from core.cli.words import duration, local, plural, size, table
from core.status import Condition
from core.store.altered import Altered, altered
from core.store.look import Look
from core.store.views import BatchView, MailboxView, batches, mailboxes, status_object

#: So many messages in another form are listed.
_SHOWN = 20


@click.command(help="What is, and who runs it: of one batch, or of all.")
@click.argument("batch", metavar="[BATCH]", required=False)
@json_option
@state_option
@click.pass_obj
def status(invocation: Invocation, batch: str | None, as_json: bool) -> None:
    """Print what the store says."""
    with invocation.store() as database:
        name = None if batch is None else known_batch(database, batch).name
        if as_json:
            say(json.dumps(status_object(database, name), indent=2).splitlines())
            return
        with database.look() as look:
            views = [view for view in batches(look) if name in {None, view.name}]
            rows = [] if name is None else mailboxes(look, name)[0]
            others = some_altered(look, database.folder, rows)
    say(_overview(views) if name is None else _one(views[0], rows, others))


def _overview(views: Sequence[BatchView]) -> Iterator[str]:
    if not views:
        yield "No batch was run here yet; `mailcutover run BATCH.toml` runs one."
        return
    head = ("BATCH", "STATUS", "MAILBOXES", "FAILED", "COPIED", "PENDING", "REJECTED", "COPIED BYTES", "RUN BY")
    yield from table(
        head,
        [
            (
                view.name,
                shown(view.status, view.condition),
                view.mailboxes,
                view.failed,
                view.counts.copied,
                view.counts.pending,
                view.rejected,
                f"{size(view.counts.bytes_copied)} of {size(view.counts.bytes_total)}",
                "nobody" if view.runner is None else f"process {view.runner.pid} on {view.runner.host}",
            )
            for view in views
        ],
    )


def _one(view: BatchView, rows: Sequence[MailboxView], others: Sequence[Altered]) -> Iterator[str]:
    yield f"{view.name}: {shown(view.status, view.condition)}{f', {view.why}' if view.why else ''}"
    yield f"file: {view.path}"
    if view.runner is None:
        yield f"run by: nobody; `mailcutover run {view.name}` goes on"
    else:
        yield f"run by: {view.runner}"
    if view.warning:
        yield f"warning: {view.warning}"
    if view.next_pass is not None:
        yield f"next pass: {local(view.next_pass)}"
    speed = f", {size(view.rate)}/s" if view.rate else ""
    left = f", about {duration(view.eta)} to go" if view.eta is not None else ""
    done = f"{size(view.counts.bytes_copied)} of {size(view.counts.bytes_total)}"
    yield f"{plural(view.mailboxes, 'mailbox')}, {done}{speed}{left}"
    yield ""
    yield from mailbox_table(rows)
    yield from altered_lines(view, others)
    yield from remarks(rows)


def shown(status: str, condition: Condition | None) -> str:
    """Status and condition in one cell."""
    return f"{status} ({condition.replace('_', ' ')})" if condition else str(status)


def mailbox_table(rows: Sequence[MailboxView]) -> list[str]:
    """The counts of each mailbox per outcome, and their sums."""
    head = ("MAILBOX", "STATUS", "COPIED", "ALREADY THERE", "SKIPPED", "REJECTED", "VANISHED", "PENDING", "TOTAL")
    cells: list[list[str | int]] = [[row.source, shown(row.status, row.condition), *_counts(row)] for row in rows]
    if len(rows) > 1:
        cells.append(["all", "", *map(sum, zip(*map(_counts, rows), strict=True))])
    return table(head, cells)


def some_altered(look: Look, state: Path, rows: Sequence[MailboxView]) -> Sequence[Altered]:
    """The first messages of these mailboxes that are at the destination in another form."""
    found: list[Altered] = []
    for row in rows:
        if row.counts.repaired + row.counts.wrapped and len(found) < _SHOWN:
            found += altered(look, state, row.batch, row.source, _SHOWN - len(found))
    return found


def altered_lines(view: BatchView, some: Sequence[Altered]) -> Iterator[str]:
    """How many messages are at the destination in another form, and which."""
    repaired, wrapped = view.counts.repaired, view.counts.wrapped
    if not repaired + wrapped:
        return
    told = ", ".join(f"{number:,} {word}" for number, word in ((repaired, "repaired"), (wrapped, "wrapped")) if number)
    yield f"refused as they were, and copied in another form: {told}"
    for one in some:
        kept = f"; original: {one.original}" if one.original else ""
        yield f"  {one.mailbox} {one.folder}/{one.uid}: {one.alteration}{kept}"
    if repaired + wrapped > len(some):
        yield f"  and {repaired + wrapped - len(some):,} more; `mailcutover status {view.name} --json` lists all"


def remarks(rows: Sequence[MailboxView]) -> Iterator[str]:
    """Why mailboxes failed or wait."""
    for row in rows:
        if row.error:
            yield f"{row.source}: {row.error}"
        elif row.why:
            until = f" (until {local(row.until)})" if row.until else ""
            yield f"{row.source}: {row.why}{until}"


def _counts(row: MailboxView) -> tuple[int, ...]:
    counts = row.counts
    return (
        counts.copied,
        counts.already_there,
        counts.skipped,
        counts.rejected,
        counts.vanished,
        counts.pending,
        counts.total,
    )
