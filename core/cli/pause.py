"""`pause`: hold a batch or a mailbox."""

import click

from core.cli.invocation import Invocation
from core.cli.options import batch_argument, json_option, mailbox_option, state_option
from core.cli.wishes import record
from core.status import Wish


@click.command(help="Hold a batch, or some of its mailboxes. What is in flight finishes; the process stays and waits.")
@batch_argument
@mailbox_option
@json_option
@state_option
@click.pass_obj
def pause(invocation: Invocation, batch: str, mailboxes: tuple[str, ...], as_json: bool) -> None:
    """Record the wish."""
    with invocation.store() as database:
        record(database, batch, Wish.PAUSE, mailboxes, as_json=as_json)
