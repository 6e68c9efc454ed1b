"""Works from one Dovecot to another: every tool in turn, each into mailboxes of its own, what arrived counted."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.link import Link
from tests.bench.maildir import counted, fill_all, held
from tests.bench.measure import Figures, run
from tests.bench.ours import Batch, imap_sides
from tests.bench.peers import TOOLS, Job, Tool
from tests.bench.section import OURS, Section
from tests.bench.table import Row
from tests.bench.works import Clock, Work
from tests.servers.dovecot import Dovecot

Users = Sequence[tuple[str, str]]


@dataclass(slots=True)
class ImapWorks:
    """Two servers, both running, and a folder for what the tools keep."""

    folder: Path
    source: Dovecot
    target: Dovecot

    def run(self, work: Work) -> Iterator[Section]:
        """Every tool in turn, ours last; then, where the work has one, the second pass."""
        logins = fill_all(self.source, work.key, work.mail)
        homes = [self.source.home(login) for login in logins]
        size = sum(held(home)[1] for home in homes)
        first = Section(work.key, work.name)
        again = Section(f"{work.key} again", f"{work.name}, nothing new")

        def row(section: Section, tool: str, figures: Figures, seconds: float, users: Users) -> None:
            section.add(Row(tool, work.mail.total, size, seconds, figures.cpu, figures.memory))
            counted(tool, homes, [self.target.home(user) for _, user in users])

        with self._link(work) as (source_port, target_port):
            for tool in () if work.alone else TOOLS:
                if why := tool.absent():
                    first.absent(tool.name, why)
                    continue
                users = [(login, f"{login}-{tool.name}") for login in logins]
                job = Job(source_port, target_port, self.target, users, self.folder)
                row(first, tool.name, *_run(tool, job, work.clock), users)
                if work.again and not tool.limit:
                    row(again, tool.name, *_run(tool, job, Clock.WHOLE), users)
                self._clear(users)
            users = [(login, f"{login}-{OURS}") for login in logins]
            batch = Batch(self.folder / work.key, self.source.password)
            batch.write(imap_sides(source_port, target_port), users)
            figures, seconds = batch.run()
            row(first, OURS, figures, figures.wall if work.clock is Clock.WHOLE else seconds, users)
            if work.again:
                row(again, OURS, *batch.run(), users)
            self._clear(users)
        for home in homes:
            shutil.rmtree(home)
        yield first
        if work.again:
            yield again

    @contextmanager
    def _link(self, work: Work) -> Iterator[tuple[int, int]]:
        """The ports of source and target, at the tool's end of the work's line."""
        if work.line is None:
            yield self.source.port, self.target.port
            return
        with Link(self.source.port, work.line) as source, Link(self.target.port, work.line) as target:
            yield source.port, target.port

    def _clear(self, users: Users) -> None:
        for _, user in users:
            shutil.rmtree(self.target.home(user))


def _run(tool: Tool, job: Job, clock: Clock) -> tuple[Figures, float]:
    """What a tool took, and the seconds that count: of the whole process, unless it prints those of its pass."""
    figures = run(tool.commands(job), good=tool.good)
    if clock is Clock.WHOLE or not tool.limit:
        return figures, figures.wall
    return figures, max(float(said) for said in figures.said)
