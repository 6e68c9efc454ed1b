"""Works from a Dovecot to the practice Exchange, a new one for each work; what arrived is counted."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.exchange import PEERS, Exchange, address
from tests.bench.maildir import fill_all, held
from tests.bench.measure import FailedError, Figures, run
from tests.bench.ours import Batch, ews_sides
from tests.bench.section import OURS, Section
from tests.bench.table import Row
from tests.bench.works import Clock, Mail, Work
from tests.servers.dovecot import Dovecot

_START = Mail(0, 0)


@dataclass(slots=True)
class EwsWorks:
    """A source that is running, and a folder for what the tools keep."""

    folder: Path
    source: Dovecot

    def run(self, work: Work) -> Iterator[Section]:
        """Every tool in turn, ours last."""
        logins = fill_all(self.source, work.key, work.mail)
        sizes = [held(self.source.home(login)) for login in logins]
        total = sum(size for _, size in sizes)
        section = Section(work.key, work.name)
        empty = fill_all(self.source, f"{work.key}-empty", _START)
        mailboxes = [*(f"{work.key}-{tool}" for tool in PEERS), *logins, *empty]
        with Exchange(self.folder / f"{work.key}-exchange", mailboxes, self.source.password, work.item) as exchange:
            for tool in () if work.alone else PEERS:
                user = f"{work.key}-{tool}"
                mail = self.source.home(logins[0]) / "Maildir"
                figures = run([exchange.command(tool, user, mail, work.together)])
                seconds, cpu = map(float, figures.said[0].split())
                section.add(Row(tool, work.mail.total, total, seconds, cpu, figures.memory))
                _check(tool, [exchange.held(user)], sizes)
            _, (start, began) = (self._pass("start", exchange, empty) for _ in range(2))  # the first may compile
            figures, seconds = self._pass(work.key, exchange, logins)
            whole = work.clock is Clock.WHOLE
            wall, cpu = (figures.wall, figures.cpu) if whole else (seconds - began, figures.cpu - start.cpu)
            section.add(Row(OURS, work.mail.total, total, wall, cpu, figures.memory))
            _check(OURS, [exchange.held(login) for login in logins], sizes)
        shutil.rmtree(self.folder / f"{work.key}-exchange")
        for login in (*logins, *empty):
            shutil.rmtree(self.source.home(login))
        yield section

    def _pass(self, name: str, exchange: Exchange, logins: list[str]) -> tuple[Figures, float]:
        batch = Batch(self.folder / f"{name}-{logins[0]}", self.source.password)
        batch.write(ews_sides(self.source.port, exchange.url), [(login, address(login)) for login in logins])
        return batch.run()


def _check(tool: str, arrived: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    if arrived != expected:
        raise FailedError(f"{tool}: messages and bytes that arrived: {arrived}, that were to: {expected}")
