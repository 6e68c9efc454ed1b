"""`run`: move a batch, headless."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from core.batch.load import load
from core.batch.prompt import answer
from core.batch.readiness import check_secrets
from core.cli.interrupts import Interrupts, interrupts
from core.cli.invocation import Invocation
from core.cli.narration import Narration
from core.cli.options import batch_argument, json_option, mailbox_option, state_option
from core.cli.output import complain_of_fault, say
from core.cli.summary import Summary
from core.cli.target import batch_file, is_file
from core.clock import SystemClock
from core.engine.detached import told
from core.engine.host import BatchRun, Host
from core.engine.library_log import libraries_told
from core.errors import EXIT_STOPPED, MailcutoverError, UserError
from core.store.database import Database
from core.store.views import BatchView, batches
from core.store.views import mailboxes as mailbox_views

#: How soon a signal is acted on and events are printed, in seconds; and how often the progress is drawn.
_LOOK, _DRAW = 0.1, 0.5
#: After being told to cut off what is in flight, so many seconds are left for it to end by itself.
_CUT = 3.0


@click.command(
    help="Move a batch: one pass over each mailbox, and a summary. A signal stops it at a message boundary, a second "
    "one at once."
)
@batch_argument
@click.option("--watch", is_flag=True, help="Repeat every `sync_every`, and wait for servers that do not answer.")
@mailbox_option
@click.option("--retry-rejected", is_flag=True, help="Try messages again that the destination refused before.")
@json_option
@click.option("--handed-over", "detached", is_flag=True, hidden=True)  # by core.engine.detached alone
@state_option
@click.pass_obj
def run(
    invocation: Invocation,
    batch: str,
    watch: bool,
    mailboxes: tuple[str, ...],
    retry_rejected: bool,
    as_json: bool,
    detached: bool,
) -> int:
    """Do it; returns the contract's exit code."""
    names: Sequence[str] = mailboxes
    if detached:
        names, answers = told(sys.stdin)
        for text, secret in answers.items():
            answer(text, secret)
    with invocation.store() as database:
        loaded = load(batch_file(database, batch))
        if not is_file(batch) and loaded.name != batch:
            raise UserError(f"{loaded.file}: this file is batch {loaded.name} now, not {batch}; run it by its file")
        chosen = loaded.select(names) if names else loaded.mailboxes
        check_secrets(loaded, chosen)
        narration = Narration(as_json=as_json, silent=detached)
        clock = SystemClock()
        began = clock.now()
        known = _known(database, loaded.name)
        host = Host(database)
        try:
            with libraries_told(narration.tell, loaded.name), interrupts() as heard:
                running = host.start(
                    loaded,
                    mailboxes=[mailbox.source for mailbox in chosen],
                    watch=watch,
                    retry_rejected=retry_rejected,
                    linger=detached,
                    keep_wishes=detached,
                    tell=narration.tell,
                )
                ended = _follow(running, narration, heard, database)
            if ended:
                _give_up(running.faults, invocation.state)
            summary = Summary.read(
                database,
                loaded,
                chosen,
                known=known,
                held=running.paused,
                exit_code=EXIT_STOPPED if running.exit_code is None else running.exit_code,
                began=began,
                ended=clock.now(),
            )
            say([json.dumps(summary.as_object(database))] if as_json else summary.lines())
            if not ended:
                _leave(database)
        finally:
            host.close()
        return summary.exit_code


def _follow(running: BatchRun, narration: Narration, heard: Interrupts, database: Database) -> bool:
    """Print what happens, and act on signals, until the batch has ended; False when that takes too long."""
    obeyed = 0
    clock = SystemClock()
    draw_at = clock.monotonic()
    cut_at: float | None = None
    while not running.join(_LOOK):
        if heard.count > obeyed:
            obeyed = heard.count
            running.stop(now=obeyed > 1)
        narration.print()
        now = clock.monotonic()
        if running.cut_off:
            cut_at = cut_at or now
            if now - cut_at > _CUT:
                narration.end()
                return False
        if narration.live and now >= draw_at:
            draw_at = now + _DRAW
            narration.progress(_view(database, running.name), running.in_flight, stopping=obeyed > 0)
    narration.end()
    return True


def _leave(database: Database) -> NoReturn:
    """End this process with calls to servers still open: what they carry is in doubt, and settled by the next run."""
    database.writer.flush()
    os._exit(EXIT_STOPPED)


def _known(database: Database, name: str) -> dict[str, int]:
    """How many messages of each mailbox are known."""
    with database.look() as look:
        return {row.source: row.counts.total for row in mailbox_views(look, name)[0]}


def _view(database: Database, name: str) -> BatchView:
    with database.look() as look:
        return next(view for view in batches(look) if view.name == name)


def _give_up(faults: Sequence[BaseException], state: Path | None) -> None:
    """Write faults of our own down. Raises what is none: a disk that is full, a batch that was taken over."""
    known = [fault for fault in faults if isinstance(fault, MailcutoverError)]
    for fault in faults:
        if fault not in known:
            complain_of_fault(fault, state)
    if known:
        raise known[0]
