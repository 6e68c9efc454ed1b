"""Any turns of users on both sides, with any faults between: never lost, never twice, and the sums add up."""

import contextlib
import email
import tempfile
from collections import Counter
from collections.abc import Sequence
from email.message import Message
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from core.mail.flags import FLAGGED, SEEN
from core.mail.outcome import Outcome
from core.mail.repair import repaired
from core.ports.destination import DestinationFolder, Outgoing, Written
from core.ports.failure import Action, EndpointError
from tests.core.sync.world import Fault, MemoryDestination, World, failure

FOLDERS = ("INBOX", "A", "A/B", "C")
#: Of messages that a strict destination takes as they are, mended, and wrapped only.
HEADS = (b"Subject: s\r\n\r\n", b"", b"Subject: s\r\n\r\nhopeless ")


def content(data: bytes) -> bytes:
    """What a message says, in whatever form it is."""
    if b"original.eml" in data:
        original = email.message_from_bytes(data).get_payload(1)
        assert isinstance(original, Message)
        data = bytes(original.get_payload(decode=True))
    return data[data.index(b"mail") :]


def broken(stored: int, late: float, action: Action) -> Fault:
    """Stores some of a request, perhaps late, and then gives no answer, or one that tells nothing."""

    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        for message in batch[:stored]:
            # Once the server has answered nothing comes later.
            new.store(place, message, late=late if action is Action.RETRY else 0)
        # A single message that spoils its request is refused for good; that is another test.
        raise EndpointError(failure(action if len(batch) > 1 else Action.RETRY, in_doubt=True))

    return fault


class Turns(RuleBasedStateMachine):
    """Nobody deletes or moves at the destination here, so every row's item must be there, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    @initialize(
        kind=st.sampled_from(["keyed", "by position", "unnamed"]), condstore=st.booleans(), strict=st.booleans()
    )
    def start(self, kind: str, *, condstore: bool, strict: bool) -> None:
        # In memory where there is such a place: thousands of durable commits, and no power is cut here.
        memory = Path("/dev/shm")
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        keyed = kind == "keyed"
        self.world = World(
            Path(self.folder.name),
            keyed=keyed,
            condstore=condstore,
            names_items=kind != "unnamed",
            at_once=3 if keyed else 1,
        )
        if strict:
            self.world.new.refuses = lambda data: repaired(data) is not None or b"hopeless" in data
        for name in FOLDERS[1:]:
            self.world.old.add(name)

    def teardown(self) -> None:
        try:
            self.whole_pass()
        finally:
            self.world.close()
            self.folder.cleanup()

    def _somewhere(self, choice: int) -> tuple[str, int] | None:
        places = [(str(path), uid) for path, folder in self.world.old.folders.items() for uid in folder.mails]
        return sorted(places)[choice % len(places)] if places else None

    @rule(folder=st.integers(0, 3), count=st.integers(1, 7), same=st.booleans(), head=st.sampled_from(HEADS))
    def deliver(self, folder: int, count: int, head: bytes, *, same: bool) -> None:
        path = str(sorted(self.world.old.folders)[folder])
        for _ in range(count):
            self.number += 0 if same and self.number else 1
            self.world.old.deliver(path, head + b"mail %d" % self.number, [SEEN], days=self.number % 5)

    @rule(choice=st.integers(0, 99), flag=st.sampled_from([SEEN, FLAGGED, "Later"]))
    def flag(self, choice: int, flag: str) -> None:
        at = self._somewhere(choice)
        if at:
            self.world.old.flag(*at, {flag})

    @rule(choice=st.integers(0, 99), folder=st.integers(0, 3))
    def move(self, choice: int, folder: int) -> None:
        at = self._somewhere(choice)
        to = str(sorted(self.world.old.folders)[folder])
        if at and at[0] != to:
            self.world.old.move(*at, to)

    @rule(choice=st.integers(0, 99))
    def delete(self, choice: int) -> None:
        at = self._somewhere(choice)
        if at:
            self.world.old.delete(*at)

    @rule(folder=st.integers(0, 3))
    def renumber(self, folder: int) -> None:
        self.world.old.renumber(str(sorted(self.world.old.folders)[folder]))

    @precondition(lambda self: any(str(path) == "C" for path in self.world.old.folders))
    @rule()
    def rename(self) -> None:
        self.world.old.rename("C", "D")

    @rule(
        stored=st.integers(0, 4),
        late=st.sampled_from([0.0, 3.0]),
        action=st.sampled_from([Action.RETRY, Action.SPLIT]),
    )
    def break_the_next_write(self, stored: int, late: float, action: Action) -> None:
        self.world.new.faults.append(broken(stored, late, action))

    @rule(folder=st.sampled_from(["Posteingang", *FOLDERS[1:]]), done=st.sampled_from(["copied", "moved"]))
    def lose_the_answer_to_the_next_move(self, folder: str, done: str) -> None:
        self.world.calls.before[f"{done} {folder}"] = [self.world.lost]

    @rule(looks=st.integers(1, 40))
    def stop_somewhere(self, looks: int) -> None:
        with contextlib.suppress(EndpointError):
            self.world.run(stop_after=looks)

    @rule()
    def whole_pass(self) -> None:
        before = Counter(
            content(mail.data) for folder in self.world.old.folders.values() for mail in folder.mails.values()
        )
        self.world.until_done()
        there = Counter(content(data) for _, data in self.world.new.all())
        for data, count in before.items():
            assert there[data] >= count, "lost"
        claimed = Counter[bytes]()
        rows = 0
        with self.world.database.reading() as connection:
            for outcome, item in connection.exec_driver_sql("SELECT outcome, item FROM message"):
                rows += 1
                assert Outcome(outcome) is not Outcome.PENDING
                if item is not None:
                    held = next(held for held in self.world.new.held.values() if item in held)
                    claimed[content(held[item].data)] += 1
        assert claimed == there, "something is there that no row knows, or that two rows claim"
        assert self.world.ledger().total().total == rows


Turns.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a failure is short enough; shrinking takes minutes
)
TestTurns = Turns.TestCase
