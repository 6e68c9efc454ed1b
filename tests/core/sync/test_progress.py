"""What is shown and judged while a folder is being copied, not only when it is done."""

from collections.abc import Callable

import pytest

from core.batch.definition import Options
from core.mail.outcome import Counts
from core.ports.failure import Action, EndpointError
from core.store.board import MailboxBoard
from tests.core.sync.test_faults import answering
from tests.core.sync.world import World


def test_the_board_follows_request_by_request(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    for number in range(20):
        world.old.deliver("INBOX", b"%d" % number)
    shown: list[int] = []

    def note(_board: MailboxBoard, counts: Counts) -> None:
        shown.append(counts.copied)

    monkeypatch.setattr(MailboxBoard, "counts", note)
    world.run()
    assert world.new.writes == 5
    assert {0, 4, 8, 12, 20} <= set(shown)
    assert shown == sorted(shown)


def test_nothing_is_sent_any_more_beyond_the_limit(make_world: Callable[..., World]) -> None:
    world = make_world(options=Options(rejected_limit=5))
    for number in range(40):
        world.old.deliver("INBOX", b"%d" % number)
    world.new.faults = [answering(*[Action.REJECT] * 4)] * 10
    with pytest.raises(EndpointError, match="more than rejected_limit"):
        world.run()
    assert world.new.writes == 2
    assert world.ledger().total().rejected == 8


def test_the_folders_shown_add_up_to_the_mailbox(world: World) -> None:
    for name in ("A", "B", "C"):
        world.old.add(name)
        world.old.deliver(name, name.encode())
    world.run()
    world.old.renumber("A")
    world.old.remove("B")
    world.old.rename("C", "D")
    world.run()
    assert world.shown() == world.ledger().total()
    assert (world.shown().copied, world.shown().already_there, world.shown().source_gone) == (3, 1, 2)
