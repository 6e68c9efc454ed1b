"""``make torture``: kills runs at random, hundreds of times, while users go on with their mail, and counts the mail.

``SEED=7 KILLS=200 make torture`` chooses as a run with the same seed did; when a kill hits is up to the machine, too.
Both kinds of destination are moved to at once, by two processes with one store, and each is killed on its own.
"""

import logging
import os
import random
import shutil
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from time import monotonic

import tomli_w

from tests.crash.people import People, Person
from tests.crash.points import KINDS
from tests.crash.victims import Ended, Victims
from tests.sandbox.server import PracticeExchange
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot
from tests.system.program import SECRETS, Migrated
from tests.system.sides import Destination, Exchange, Imap, at_source, places

_MAILBOXES = 3
_BEGINNING = 60  # messages in each of them at first
_KILLS = 15  # in one round; then its mailboxes are moved to the end, and counted
#: How long a run is left alive at most, in seconds: one that dies by the clock, and one that may come to its point.
_LIFE, _LONGER = 1.2, 2.5
_HITS = (1, 1, 1, 2, 3, 6)
#: Seconds for one kill, with its share of all else, in which a machine that is busy with other things, too, must do it.
_SHARE = 8.0


@dataclass(slots=True)
class Tally:
    """What came of it. A run is killed at a point, or by the clock; some come to their end before.

    `doubts` are only those of which the run could still tell.
    """

    kills: int = 0
    at_points: int = 0
    points: set[str] = field(default_factory=set)
    unharmed: int = 0
    failed: int = 0
    mailboxes: int = 0
    messages: int = 0
    doubts: int = 0
    lost: int = 0
    duplicated: int = 0
    misplaced: int = 0
    flags_wrong: int = 0
    unsettled: int = 0

    def add(self, other: "Tally") -> None:
        """Count another's, too."""
        for name in (one.name for one in fields(self)):
            mine, its = getattr(self, name), getattr(other, name)
            setattr(self, name, mine | its if isinstance(mine, set) else mine + its)

    @property
    def wrong(self) -> int:
        """How much is not as it should be."""
        return self.lost + self.duplicated + self.misplaced + self.flags_wrong + self.unsettled

    def __str__(self) -> str:
        return (
            f"{self.kills} kills ({self.at_points} at {len(self.points)} points, {self.kills - self.at_points} by the "
            f"clock), {self.unharmed} runs unharmed ({self.failed} with a mailbox that failed), {self.mailboxes} "
            f"mailboxes, {self.messages} messages, {self.doubts} of them settled from doubt: "
            f"{self.lost} lost, {self.duplicated} duplicated, {self.misplaced} misplaced, "
            f"{self.flags_wrong} with wrong flags, {self.unsettled} not settled"
        )


class Torture:
    """Rounds with one kind of destination, in a thread of its own."""

    def __init__(self, kind: str, source: Dovecot, folder: Path, seed: str, kills: int, until: float) -> None:
        self.tally = Tally()
        self.fault: BaseException | None = None
        self.kind = kind
        self._source = source
        self._folder = folder
        self._chance = random.Random(f"{seed} {kind}")
        self._kills = kills
        self._until = until
        self._rounds = 0
        self._likely = dict.fromkeys(KINDS[kind], 1.0)  # to come in such a run
        self._environment = SECRETS | {"MAILCUTOVER_STATE": str(folder / "state")}
        self.thread = threading.Thread(target=self._run, name=kind)

    def _run(self) -> None:
        try:
            with Victims() as victims:
                while self.tally.kills < self._kills and monotonic() < self._until:
                    self._rounds += 1
                    tally = self._round(victims, min(_KILLS, self._kills - self.tally.kills))
                    self.tally.add(tally)
                    sys.stderr.write(f"{self.kind}, round {self._rounds}: {tally}\n")
        except BaseException as error:  # noqa: BLE001  told by who waits for the end
            self.fault = error

    def _round(self, victims: Victims, kills: int) -> Tally:
        """New mailboxes, and so many kills."""
        name = f"{self.kind.replace(' ', '-').lower()}-{self._rounds}"
        people = [
            Person(self._source, f"{name}-{number}", random.Random(self._chance.random()))
            for number in range(_MAILBOXES)
        ]
        tally = Tally()
        with self._destination() as destination:
            batch = destination.batch(self._source, *(person.user for person in people), name=name)
            file = self._folder / f"{name}.toml"
            file.write_text(tomli_w.dumps(batch))
            for person in people:
                person.begin(_BEGINNING)
            with People(people, random.Random(self._chance.random())):
                while tally.kills < kills and monotonic() < self._until:
                    self._kill(victims, file, tally)
            last = self._move(victims, file).migrated()
            tally.doubts += len(last.kinds("message.settled"))
            for number, person in enumerate(people):
                _count(person, self._source, destination, last, number, tally)
        for person in people:
            shutil.rmtree(self._source.home(person.user))
        return tally

    def _kill(self, victims: Victims, file: Path, tally: Tally) -> None:
        """One run, with a point to die at and a time to live."""
        (point,) = self._chance.choices(*zip(*self._likely.items(), strict=True))
        hit = self._chance.choice(_HITS)
        if self._chance.random() < 0.5:
            ended = self._move(victims, file, after=self._chance.uniform(0.02, _LIFE))
        else:
            ended = self._move(victims, file, point, hit, _LONGER)
            came = ended.came_to(point, hit)
            self._likely[point] = 1.0 if came else max(0.05, self._likely[point] / 2)
            tally.at_points += came
            tally.points |= {point} if came else set()
        tally.doubts += ended.said.count('"event": "message.settled"')
        if ended.status in {0, 1}:  # a mailbox fails when its folders change too fast
            tally.unharmed += 1
            tally.failed += ended.status
            return
        assert ended.status == -9, f"{self.kind}: {ended.status}\n{ended.said}"
        tally.kills += 1

    def _move(
        self, victims: Victims, file: Path, point: str | None = None, hit: int = 1, after: float | None = None
    ) -> Ended:
        output = self._folder / f"{self.kind}.out"
        return victims.run(
            ["run", file, "--json"], output, self._environment, kind=self.kind, point=point, hit=hit, after=after
        )

    @contextmanager
    def _destination(self) -> Iterator[Destination]:
        """A server of its own, gone after the round with all it holds."""
        if self.kind != "ews":
            server = Dovecot(fsync="optimized", without=("MOVE",) if self.kind == "imap without MOVE" else ())
            server.start()
            try:
                yield Imap(server)
            finally:
                server.remove()
            return
        data = self._folder / "exchange"
        with PracticeExchange(data) as exchange:
            exchange.add_account("svc", SECRETS["EXCHANGE_PASSWORD"])
            yield Exchange(exchange)
            assert exchange.errors == []
        shutil.rmtree(data)


def _count(
    person: Person, source: Dovecot, destination: Destination, last: Migrated, number: int, tally: Tally
) -> None:
    """Compare what one person has here with what is there, read past the program."""
    here, found = source.read(person.user), destination.read(person.user)
    there = Counter(one.data for one in found)
    tally.mailboxes += 1
    tally.messages += person.ever.total()
    lost = (Counter(record.data for record in here) - there).total()
    tally.lost += lost
    tally.duplicated += (there - person.ever).total()
    tally.misplaced += (at_source(source, person.user) - places(found)).total() - lost
    flags = {(one.data, one.seen, one.flagged) for one in found}
    tally.flags_wrong += sum(
        (record.data, "\\Seen" in record.flags, "\\Flagged" in record.flags) not in flags
        for record in here
        if there[record.data] == 1
    )
    counts = last.counts(number)
    tally.unsettled += counts.get("pending", 0) + counts.get("rejected", 0)


def main(seed: str, kills: int) -> int:
    """Kill so often, and say what came of it: 0 when nothing was lost, duplicated or otherwise wrong, else 1."""
    reason = dovecot_server.unavailable()
    if reason:
        sys.stderr.write(f"this needs Dovecot: {reason} (make servers)\n")
        return 1
    logging.disable()  # of the practice Exchange: that it validates nothing
    folder = Path(tempfile.mkdtemp(prefix="mailcutover-torture-"))
    began = monotonic()
    source = Dovecot()
    source.start()
    try:
        shares = {"ews": kills - kills // 2, "imap": kills // 2 - kills // 4, "imap without MOVE": kills // 4}
        all_of_them = [
            Torture(kind, source, folder, seed, share, began + 60 + _SHARE * kills) for kind, share in shares.items()
        ]
        for one in all_of_them:
            one.thread.start()
        for one in all_of_them:
            one.thread.join()
    finally:
        source.remove()
    total = Tally()
    sys.stdout.write(f"seed {seed}, {monotonic() - began:.0f} s\n")
    for one in all_of_them:
        total.add(one.tally)
        sys.stdout.write(f"{one.kind}: {one.tally}\n")
        if one.fault is not None:
            traceback.print_exception(one.fault)
    sys.stdout.write(f"all: {total}\n")
    if total.wrong or total.kills < kills:
        sys.stdout.write(f"what the runs left is in {folder}\n")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("SEED") or str(random.randrange(10**6)), int(os.environ.get("KILLS") or 200)))
