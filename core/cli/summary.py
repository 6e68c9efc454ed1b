"""The last word of `run`: what became of every message."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.batch.definition import Batch, Mailbox
from core.cli.event_line import event_object
from core.cli.status import altered_lines, mailbox_table, remarks, shown, some_altered
from core.cli.words import plural
from core.event import Event, EventKind, Level
from core.mail.outcome import Outcome
from core.store.altered import Altered
from core.store.database import Database
from core.store.left_out import LeftOut, left_out
from core.store.views import BatchView, MailboxView, batches, mailboxes, status_object


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended.

    `mailboxes` are those it was about, `rejected` all that the destination refused of them, `altered` the first of
    those that it took in another form.
    """

    time: datetime
    batch: BatchView
    mailboxes: Sequence[MailboxView]
    rejected: Sequence[LeftOut]
    altered: Sequence[Altered]
    held: Sequence[str]
    new: int
    flags_changed: int
    nothing_new: bool  # every mailbox had its pass, and no message was seen for the first time
    exit_code: int

    @classmethod
    def read(
        cls,
        database: Database,
        batch: Batch,
        chosen: Sequence[Mailbox],
        *,
        known: Mapping[str, int],
        held: Sequence[str],
        exit_code: int,
        began: datetime,
        ended: datetime,
    ) -> "Summary":
        """Read it from the store, once the run has ended.

        `known` says how many messages of each mailbox were known before it, `held` which mailboxes were paused or
        stopped.
        """
        names = {mailbox.source: mailbox for mailbox in chosen}
        with database.look() as look:
            view = next(view for view in batches(look) if view.name == batch.name)
            rows = [row for row in mailboxes(look, batch.name)[0] if row.source in names]
            refused = [
                rejection
                for row in rows
                if row.counts.rejected
                for rejection in left_out(look, batch.pair(names[row.source]), (Outcome.REJECTED,))
            ]
            others = some_altered(look, database.folder, rows)
        passed = [row for row in rows if row.pass_started is not None and row.pass_started >= began]
        return cls(
            time=ended,
            batch=view,
            mailboxes=rows,
            rejected=refused,
            altered=others,
            held=held,
            new=sum(row.pass_new for row in passed),
            flags_changed=sum(row.pass_flags_changed for row in passed),
            nothing_new=all(
                row.synced is not None and row.synced >= began and row.counts.total == known.get(row.source)
                for row in rows
            ),
            exit_code=exit_code,
        )

    def text(self) -> str:
        """In one line; "Nothing new" when that is so."""
        if self.new:
            said = f"{plural(self.new, 'message')} copied"
        else:
            said = "Nothing new" if self.nothing_new else "Nothing copied"
        flags = f", flags of {plural(self.flags_changed, 'message')} changed" if self.flags_changed else ""
        return f"{said}{flags}."

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.batch.name}: {shown(self.batch.status, self.batch.condition)}. {self.text()}"
        yield ""
        yield from mailbox_table(self.mailboxes)
        remarked = [*altered_lines(self.batch, self.altered), *remarks(self.mailboxes)]
        if remarked:
            yield ""
            yield from remarked
        if self.rejected:
            yield ""
            yield f"{plural(len(self.rejected), 'message')} rejected (tried again with --retry-rejected):"
            for one in self.rejected:
                yield f"  {one.mailbox} {one.folder}/{one.uid}: {one.reason}"
        if self.held:
            yield ""
            yield f"Paused or stopped, and not done: {', '.join(self.held)}"

    def as_object(self, database: Database) -> dict[str, Any]:
        """As the last line of `run --json`: an event with the status object, and what is not in that."""
        event = Event(self.time, Level.INFO, EventKind.SUMMARY, self.text(), self.batch.name)
        return {
            **event_object(event),
            "status": status_object(database, self.batch.name),
            "rejected": [
                {"mailbox": one.mailbox, "folder": one.folder, "uid": one.uid, "reason": one.reason}
                for one in self.rejected
            ],
            "exit_code": self.exit_code,
        }
