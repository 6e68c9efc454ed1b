"""`log`: the events of a batch, and live."""

import time

import click

from core.cli.event_line import event_json, event_text
from core.cli.interrupts import interrupts
from core.cli.invocation import Invocation
from core.cli.options import batch_argument, json_option, state_option
from core.cli.output import say
from core.cli.target import known_batch, sources
from core.errors import EXIT_DONE, EXIT_STOPPED
from core.event import Level
from core.store.events import EventLog

#: Events read at a time, and seconds between two looks with --follow.
_PAGE, _LOOK = 1000, 0.3


@click.command(help="The events of a batch; times are local, in JSON UTC.")
@batch_argument
@click.option("--follow", "-f", is_flag=True, help="Go on as they come, until interrupted.")
@click.option(
    "--level",
    type=click.Choice([level.word for level in Level]),
    default=Level.INFO.word,
    show_default=True,
    help="From this level up; single messages are at debug.",
)
@click.option("--mailbox", metavar="A", help="Only of this mailbox, by its source login or its destination address.")
@json_option
@state_option
@click.pass_obj
def log(invocation: Invocation, batch: str, follow: bool, level: str, mailbox: str | None, as_json: bool) -> int:
    """Print what the store keeps. That somebody ends what follows is no failure."""
    line = event_json if as_json else event_text
    with invocation.store() as database:
        name = known_batch(database, batch).name
        source = sources(database, name, [mailbox])[0] if mailbox is not None else None
        last = 0
        with interrupts() as heard:
            while not heard.count:
                page = EventLog(database).read(
                    name, after=last, limit=_PAGE, level=Level[level.upper()], mailbox=source
                )
                if not say((line(event) for _, event in page), live=follow):
                    return EXIT_DONE
                last = page[-1][0] if page else last
                if len(page) < _PAGE:
                    if not follow:
                        return EXIT_DONE
                    time.sleep(_LOOK)
    return EXIT_DONE if follow else EXIT_STOPPED
