"""`log`: the events of a batch, and live."""

import time
from collections.abc import Iterator

import click

from core.cli.event_line import event_json, event_text
from core.cli.invocation import Invocation
from core.cli.options import batch_argument, json_option, state_option
from core.cli.output import say
from core.cli.target import known_batch, sources
from core.event import Event, Level
from core.store.database import Database
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
def log(invocation: Invocation, batch: str, follow: bool, level: str, mailbox: str | None, as_json: bool) -> None:
    """Print what the store keeps."""
    line = event_json if as_json else event_text
    with invocation.store() as database:
        name = known_batch(database, batch).name
        source = sources(database, name, [mailbox])[0] if mailbox is not None else None
        try:
            events = _events(database, name, Level[level.upper()], source, follow=follow)
            say(map(line, events), live=follow)
        except KeyboardInterrupt:
            if not follow:
                raise


def _events(database: Database, batch: str, level: Level, mailbox: str | None, *, follow: bool) -> Iterator[Event]:
    events = EventLog(database)
    last = 0
    while True:
        page = events.read(batch, after=last, limit=_PAGE, level=level, mailbox=mailbox)
        for number, event in page:
            yield event
            last = number
        if len(page) < _PAGE:
            if not follow:
                return
            time.sleep(_LOOK)
