"""Several requests to one mailbox at once: one sign-in for all of them, and one end."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from core.exchange import sign_in
from core.exchange.destination import ExchangeDestination
from core.ports.failure import Action, EndpointError
from core.ports.lifeline import ABORTED
from core.secret import Secret
from tests.core.exchange.conftest import PASSWORD, Box, inbox, outgoing
from tests.sandbox.outcomes import Held
from tests.threads import Call

#: So many requests.
_MANY = 4


@pytest.fixture
def begin(box: Box) -> Iterator[Callable[[ExchangeDestination], tuple[list[Call], list[Held]]]]:
    """Lets requests come in, of one message each, which are answered when they are released."""
    held = [Held() for _ in range(_MANY)]

    def begun(destination: ExchangeDestination) -> tuple[list[Call], list[Held]]:
        place = inbox(destination)
        for one in held:
            box.server.next("CreateItem", one)
        calls = [Call(partial(destination.write, place, [outgoing(number)])) for number in range(_MANY)]
        assert all(one.arrived.wait(60) for one in held)
        return calls, held

    yield begun
    for one in held:
        one.release.set()


Begin = Callable[[ExchangeDestination], tuple[list[Call], list[Held]]]


def test_the_secret_is_read_once_for_all(box: Box, begin: Begin) -> None:
    """Its reference may be a command, and what it yields may be gone, or another one, a moment later."""
    secrets = iter([Secret(PASSWORD)])
    destination = box.connected(password=lambda: next(secrets))
    calls, held = begin(destination)
    for one in held:
        one.release.set()
    assert [call.error() for call in calls] == [None] * _MANY
    assert box.mailbox.count("inbox") == _MANY


def test_all_end_when_they_are_cut_off_and_none_begins_again(box: Box, begin: Begin) -> None:
    destination = box.connected()
    place = inbox(destination)
    calls, _ = begin(destination)
    destination.abort()
    assert [call.failure() for call in calls] == [(Action.RETRY, ABORTED, True)] * _MANY
    asked = len(box.operations())
    with pytest.raises(EndpointError, match="cut off"):
        destination.write(place, [outgoing(9)])
    assert len(box.operations()) == asked


def test_all_come_to_their_end_when_they_may_finish(box: Box, begin: Begin) -> None:
    destination = box.connected()
    place = inbox(destination)
    calls, held = begin(destination)
    destination.abort(finish=True)
    assert all(call.waits for call in calls)
    for one in held:
        one.release.set()
    assert [call.error() for call in calls] == [None] * _MANY
    assert box.mailbox.count("inbox") == _MANY
    with pytest.raises(EndpointError, match="cut off"):
        destination.write(place, [outgoing(9)])


def test_a_password_that_changes_meanwhile(box: Box, begin: Begin) -> None:
    """Each request that is refused is one try; then the new password is read, and serves all."""
    box.server.add_account("changing", "old")
    says = ["old"]
    destination = box.connected(username="changing", password=lambda: Secret(says[0]))
    calls, held = begin(destination)
    for one in held:
        one.release.set()
    assert [call.error() for call in calls] == [None] * _MANY
    box.server.add_account("changing", "new")
    says[0] = "new"
    place = inbox(destination)
    with pytest.raises(EndpointError) as refused:
        destination.write(place, [outgoing(_MANY)])
    assert (refused.value.failure.action, refused.value.failure.in_doubt) == (Action.RETRY, False)
    destination.connect()
    calls = [Call(partial(destination.write, place, [outgoing(10 + number)])) for number in range(_MANY)]
    assert [call.error() for call in calls] == [None] * _MANY
    assert box.mailbox.count("inbox") == 2 * _MANY


def test_whoever_is_done_has_left_nothing_open(box: Box, begin: Begin) -> None:
    before = dict(sign_in._shared)
    destination = box.connected()
    calls, held = begin(destination)
    for one in held:
        one.release.set()
    assert [call.error() for call in calls] == [None] * _MANY
    destination.close()
    assert sign_in._shared == before
