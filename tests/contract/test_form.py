"""Messages whose form a destination may refuse: it says that this is why, and takes them in another."""

from collections.abc import Callable

import pytest

from core.mail.fingerprint import canonical
from core.mail.repair import repaired
from core.mail.wrap import wrapped
from core.ports.destination import Destination
from core.ports.failure import Action
from tests.contract.ground import Ground
from tests.contract.test_destination import ODD_MESSAGES, WHEN, inbox, outgoing

#: Of each kind of destination, what it surely refuses.
REFUSED = {
    "imap": set[str](),
    "imap-dot": set[str](),
    "courier": set[str](),
    "cyrus": {"bare LF", "LF alone", "NUL", "NUL above", "no header"},
    "exchange": {"bare LF", "bare CR", "LF alone", "NUL", "NUL above", "no header", "long line"},
}


@pytest.fixture(autouse=True)
def strict(request: pytest.FixtureRequest, ground: Ground) -> None:
    """Real servers are as strict as they are."""
    if request.node.callspec.params["ground"] == "exchange":
        request.getfixturevalue("practice_exchange").strict = True


def test_a_refusal_for_the_form_says_so_and_the_others_are_stored(
    request: pytest.FixtureRequest, destination: Destination, ground: Ground
) -> None:
    refused = REFUSED[request.node.callspec.params["ground"]]
    for name, data in ODD_MESSAGES.items():
        before = len(ground.stored())
        written = destination.write(inbox(destination), [outgoing(1), outgoing(2, data), outgoing(3)])
        failures = [one.failure for one in written]
        assert (failures[0], failures[2]) == (None, None)
        odd = failures[1]
        assert (odd is not None) is (name in refused), name
        if odd is not None:
            assert (odd.action, odd.form, odd.in_doubt) == (Action.REJECT, True, False)
        assert len(ground.stored()) - before == (2 if odd else 3)


@pytest.mark.parametrize("form", ["repaired", "wrapped"])
def test_every_odd_message_is_taken_in_another_form(destination: Destination, ground: Ground, form: str) -> None:
    forms: dict[str, Callable[[bytes], bytes]] = {"repaired": mended, "wrapped": lambda data: wrapped(data, WHEN)}
    sent = [forms[form](data) for data in ODD_MESSAGES.values()]
    written = destination.write(inbox(destination), [outgoing(uid, data) for uid, data in enumerate(sent)])
    assert [one.failure for one in written] == [None] * len(sent)
    assert sorted(stored.canonical for stored in ground.stored()) == sorted(map(canonical, sent))


def mended(data: bytes) -> bytes:
    repair = repaired(data)
    return data if repair is None else repair.data
