"""Users who go on with their mail at the source while it is moved: plain imaplib, and no plan."""

import random
from collections import Counter
from collections.abc import Sequence
from imaplib import IMAP4
from threading import Event, Thread

from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record, folders, quoted, sure
from tests.system.letters import letter

_HOMES = ("INBOX", "Sent", "Work", "Work/Old", "Private")
#: Default folders are not renamed.
_FIXED = frozenset({"INBOX", "Sent", "Drafts", "Trash"})
#: Most messages are small; with the others a kill comes in the middle of a message, too.
_SIZES = (0, 0, 500, 2_000, 8_000, 60_000)
_FLAGS = (r"(\Seen)", r"(\Flagged)")
#: Seconds between two turns, at most.
_PAUSE = 0.4


class Person:
    """One mailbox and its user. `ever` is what was delivered here, however often, and whatever became of it."""

    def __init__(self, source: Dovecot, user: str, chance: random.Random) -> None:
        self.user = user
        self.ever = Counter[bytes]()
        self._source = source
        self._chance = chance
        self._twin: Record | None = None

    def begin(self, count: int) -> None:
        """So many messages, in several folders."""
        self._load([self._new(self._chance.choice(_HOMES)) for _ in range(count)])

    def turn(self) -> None:
        """Something that users do; most of all, they get mail."""
        turns = (self._get_mail, self._flag, self._move, self._delete, self._rename)
        (turn,) = self._chance.choices(turns, (8, 6, 4, 1, 1))
        turn()

    def _get_mail(self) -> None:
        with self._source.client(self.user) as client:
            homes = self._homes(client)
        self._load([self._new(self._chance.choice(homes)) for _ in range(self._chance.randint(1, 8))])

    def _flag(self) -> None:
        with self._source.client(self.user) as client:
            for uid in self._some(client, self._chance.choice(self._homes(client)), 4):
                sure(client.uid("STORE", uid, self._chance.choice(("+FLAGS", "-FLAGS")), self._chance.choice(_FLAGS)))

    def _move(self) -> None:
        with self._source.client(self.user) as client:
            homes = self._homes(client)
            to = self._chance.choice(homes)
            home = self._chance.choice([home for home in homes if home != to])
            for uid in self._some(client, home, 3):
                sure(client.uid("MOVE", uid, quoted(to)))

    def _delete(self) -> None:
        with self._source.client(self.user) as client:
            for uid in self._some(client, self._chance.choice(self._homes(client)), 1):
                sure(client.uid("STORE", uid, "+FLAGS", r"(\Deleted)"))
                sure(client.expunge())

    def _rename(self) -> None:
        with self._source.client(self.user) as client:
            home = self._chance.choice([home for home in self._homes(client) if home not in _FIXED])
            above, slash, _ = home.rpartition("/")
            sure(client.rename(quoted(home), quoted(f"{above}{slash}Home {self._chance.randrange(10**9)}")))

    def _homes(self, client: IMAP4) -> list[str]:
        return sorted(name for name, flags in folders(client).items() if not flags & {"\\Noselect", "\\NonExistent"})

    def _some(self, client: IMAP4, home: str, most: int) -> list[str]:
        """UIDs of a few messages of a folder, which is open then."""
        sure(client.select(quoted(home)))
        found = [uid.decode() for uid in sure(client.uid("SEARCH", "ALL"))[0].split()]
        return self._chance.sample(found, min(len(found), self._chance.randint(1, most)))

    def _new(self, home: str) -> Record:
        """A message; now and then it is one that was there before, to the byte."""
        if self._twin is not None and self._chance.random() < 0.1:
            return Record(self._twin.data, home, self._twin.flags, self._twin.received)
        flags = [flag for flag in ("\\Seen", "\\Flagged") if self._chance.random() < 0.3]
        name = f"{self._chance.getrandbits(64):x}"
        self._twin = letter(
            name, folder=home, flags=flags, days=self._chance.randrange(900), filler=self._chance.choice(_SIZES)
        )
        return self._twin

    def _load(self, records: Sequence[Record]) -> None:
        self.ever.update(record.data for record in records)
        self._source.load(self.user, sorted(records, key=lambda record: record.folder))


class People:
    """Lets them take turns in a thread of its own, while this is entered."""

    def __init__(self, people: Sequence[Person], chance: random.Random) -> None:
        self._people = people
        self._chance = chance
        self._over = Event()
        self._fault: BaseException | None = None
        self._thread = Thread(target=self._run, name="people")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            while not self._over.wait(self._chance.random() * _PAUSE):
                self._chance.choice(self._people).turn()
        except BaseException as error:  # noqa: BLE001  raised where they are entered
            self._fault = error
