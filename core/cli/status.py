"""`status`: what is, and who runs it."""

import json
from collections.abc import Iterator, Sequence

import click

from core.cli.invocation import Invocation
from core.cli.options import json_option, state_option
from core.cli.output import say
from core.cli.target import known_batch
from core.cli.words import duration, local, plural, size, table
from core.status import Condition
from core.store.views import BatchView, MailboxView, batches, mailboxes, status_object


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
            say([json.dumps(status_object(database, name), indent=2)])
            return
        with database.reading() as connection:
            views = [view for view in batches(connection) if name in {None, view.name}]
            rows = [] if name is None else mailboxes(connection, name)[0]
    say(_overview(views) if name is None else _one(views[0], rows))


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


def _one(view: BatchView, rows: Sequence[MailboxView]) -> Iterator[str]:
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
    yield from altered(view)
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


def altered(view: BatchView) -> Iterator[str]:
    """How many messages are at the destination in another form, and where each is named."""
    repaired, wrapped = view.counts.repaired, view.counts.wrapped
    if repaired or wrapped:
        told = ", ".join(
            f"{number:,} {word}" for number, word in ((repaired, "repaired"), (wrapped, "wrapped")) if number
        )
        yield f"refused as they were, and copied in another form: {told} (`mailcutover log {view.name}` names each)"


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
