"""`remove`: forget a batch."""

import json
import sys

import click

from core.cli.invocation import Invocation
from core.cli.options import batch_argument, json_option, state_option
from core.cli.output import say
from core.cli.target import known_batch
from core.errors import UserError
from core.store.batches import Batches


@click.command(
    help="Forget a batch: its settings, its events, how it stood. Never touches mail or the batch file, and keeps the "
    "ledger, so that nothing is copied twice should it be run again."
)
@batch_argument
@click.option("--forget-ledger", is_flag=True, help="Forget what was migrated, too. Asks for the batch's name.")
@click.option("--yes-forget", metavar="NAME", help="The name that --forget-ledger asks for.")
@json_option
@state_option
@click.pass_obj
def remove(invocation: Invocation, batch: str, forget_ledger: bool, yes_forget: str | None, as_json: bool) -> None:
    """Forget it, unless it runs."""
    if yes_forget is not None and not forget_ledger:
        raise click.UsageError("--yes-forget goes with --forget-ledger")
    with invocation.store() as database:
        name = known_batch(database, batch).name
        if forget_ledger:
            _confirm(name, yes_forget)
        Batches(database).remove(name, forget_ledger=forget_ledger)
    if as_json:
        say([json.dumps({"batch": name, "removed": True, "ledger": "forgotten" if forget_ledger else "kept"})])
    else:
        say([f"{name} is forgotten; {'its ledger, too' if forget_ledger else 'its ledger is kept'}"])


def _confirm(name: str, given: str | None) -> None:
    """Raises UserError unless the batch's name was typed."""
    if given is None:
        if not sys.stdin.isatty():
            raise UserError(f"--forget-ledger wants to be sure: without a terminal, add --yes-forget {name}")
        print(
            f"The ledger knows which messages of {name} are at the destination already. Without it the next run has\n"
            "to find them there again by searching; what was moved or changed since may be copied twice.",
            file=sys.stderr,
        )
        given = click.prompt("Type the batch's name to forget it", err=True)
    if given != name:
        raise UserError(f"{given!r} is not the batch's name ({name}); nothing was forgotten")
