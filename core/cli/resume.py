"""`resume`: let it go on."""

import click

from core.cli.invocation import Invocation
from core.cli.options import batch_argument, json_option, mailbox_option, state_option
from core.cli.wishes import record
from core.status import Wish


@click.command(help="Let a paused or stopped batch go on, or some of its mailboxes.")
@batch_argument
@mailbox_option
@json_option
@state_option
@click.pass_obj
def resume(invocation: Invocation, batch: str, mailboxes: tuple[str, ...], as_json: bool) -> None:
    """Record the wish."""
    with invocation.store() as database:
        record(database, batch, Wish.RUN, mailboxes, as_json=as_json)
