"""`stop`: end a run, at a message boundary or at once."""

import click

from core.cli.invocation import Invocation
from core.cli.options import batch_argument, json_option, mailbox_option, state_option
from core.cli.wishes import record
from core.status import Wish


@click.command(help="End the run of a batch, or hold some of its mailboxes. What is in flight finishes.")
@batch_argument
@mailbox_option
@click.option("--now", is_flag=True, help="Cut off what is in flight; the next run settles it.")
@json_option
@state_option
@click.pass_obj
def stop(invocation: Invocation, batch: str, mailboxes: tuple[str, ...], now: bool, as_json: bool) -> None:
    """Record the wish."""
    with invocation.store() as database:
        record(database, batch, Wish.STOP_NOW if now else Wish.STOP, mailboxes, as_json=as_json)
