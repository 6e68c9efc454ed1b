"""Trying out what a batch says: each server asked once, within the limits of what runs, and nothing written."""

import threading
from collections.abc import Callable

import pytest

from core.batch.definition import Admin, Batch
from core.engine.limits import Need
from core.engine.trial import FolderGoes
from core.errors import UserError
from core.ports.failure import Action, Failure, Side
from tests.core.engine.conftest import Scene
from tests.fakes import Trouble

REFUSED = Failure(
    Action.STOP_MAILBOX,
    "AUTHENTICATIONFAILED",
    "the server refuses the sign-in",
    said="No.",
    cure="check",
    sign_in=True,
)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "one")
    monkeypatch.setenv("EXCHANGE_PASSWORD", "two")


def refusing(*names: str) -> Trouble:
    """Servers that refuse these to sign in."""
    return lambda _, who, call: REFUSED if call == "connect" and who in names else None


def tries(scene: Scene, side: Side) -> int:
    return sum(number for (end, _, call), number in scene.world.calls.items() if (end, call) == (side, "connect"))


def said(scene: Scene, batch: Batch, number: int, side: Side = Side.SOURCE) -> str:
    """What is said of signing in to a mailbox."""
    try:
        return scene.host.trial.sign_in(batch, batch.mailboxes[number], side)
    except UserError as error:
        return f"no: {error}"


def test_it_says_who_signed_in_where(scene: Scene) -> None:
    batch = scene.batch()
    assert said(scene, batch, 0) == "source old.example:993: signed in as ann"
    assert said(scene, batch, 0, Side.DESTINATION) == "destination new.example:443: signed in as svc@new.example"
    with_admin = by_admin(batch)
    assert said(scene, with_admin, 1) == "source old.example:993: signed in as root for ben"
    assert {call for _, _, call in scene.world.calls} == {"connect"}


def by_admin(batch: Batch) -> Batch:
    admin = Admin(username="root", password="env:PASSWORD")
    mailboxes = tuple(mailbox.model_copy(update={"password": None}) for mailbox in batch.mailboxes)
    source = batch.source.model_copy(update={"admin": admin})
    return batch.model_copy(update={"source": source, "mailboxes": mailboxes})


def test_a_refused_sign_in_is_not_tried_again_until_its_secret_is_another(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = scene.batch()
    scene.world.trouble = refusing("ann")
    assert said(scene, batch, 0) == "no: source old.example:993: the server refuses the sign-in (No.); check"
    for _ in range(3):
        assert said(scene, batch, 0) == (
            "no: source old.example:993: was refused before with this very password, and is not tried again; "
            "change it first"
        )
    assert tries(scene, Side.SOURCE) == 1
    assert "signed in" in said(scene, batch, 1), "somebody else's sign-in is another matter"
    monkeypatch.setenv("PASSWORD", "another")
    scene.world.trouble = refusing()
    assert said(scene, batch, 0) == "source old.example:993: signed in as ann"
    assert said(scene, batch, 0) == "source old.example:993: signed in as ann"


def test_one_account_for_all_is_refused_once(scene: Scene) -> None:
    batch = scene.batch(logins="ann ben cal")
    scene.world.trouble = refusing(*(f"{login}@new.example" for login in ("ann", "ben", "cal")))
    answers = [said(scene, batch, number, Side.DESTINATION) for number in range(3)]
    assert tries(scene, Side.DESTINATION) == 1
    assert ["not tried again" in answer for answer in answers] == [False, True, True]


def test_an_administrator_is_refused_for_two_mailboxes_at_most(scene: Scene) -> None:
    batch = by_admin(scene.batch(logins="ann ben cal dan"))
    scene.world.trouble = refusing("ann", "ben", "cal", "dan")
    answers = [said(scene, batch, number) for number in range(4)]
    assert tries(scene, Side.SOURCE) == 2
    assert (
        answers[2]
        == answers[3]
        == (
            "no: source old.example:993: "
            "root was refused for 2 mailboxes and accepted for none; change the password first"
        )
    )


def test_an_administrator_who_was_accepted_is_not_to_blame(scene: Scene) -> None:
    batch = by_admin(scene.batch(logins="ann ben cal dan eve"))
    scene.world.trouble = refusing("ann", "cal", "dan")
    answers = [said(scene, batch, number) for number in range(5)]
    assert ["signed in" in answer for answer in answers] == [False, True, False, False, True]
    assert tries(scene, Side.SOURCE) == 5


def test_what_is_no_refusal_may_be_tried_again(scene: Scene) -> None:
    batch = scene.batch()
    away = Failure(Action.RETRY, "TIMEOUT", "the server does not answer")
    scene.world.trouble = lambda *_: away
    for _ in range(3):
        assert said(scene, batch, 0) == "no: source old.example:993: the server does not answer"
    assert tries(scene, Side.SOURCE) == 3


def test_a_secret_that_cannot_be_had_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = scene.batch()
    scene.world.trouble = refusing("ann")
    said(scene, batch, 0)
    monkeypatch.delenv("PASSWORD")
    assert "there is no such environment variable" in said(scene, batch, 0)


def test_where_each_folder_would_go(scene: Scene) -> None:
    options = {"folder_map": {"Old": "Archive/Old"}, "exclude_folders": ["Lists/*"]}
    batch = scene.batch(options=options)
    for folder in ("Old/2019", "Lists/Talk", "Plans", "plans"):
        scene.world.source("ann", 1, folder)
    assert scene.host.trial.folders(batch, batch.mailboxes[0]) == [
        FolderGoes("INBOX", "INBOX"),
        FolderGoes("Lists/Talk", "", "in exclude_folders (Lists/*)"),
        FolderGoes("Old/2019", "Archive/Old/2019"),
        FolderGoes("Plans", "Plans"),
        FolderGoes("plans", "plans (2)", "renamed: plans differs from another folder in case only"),
    ]
    assert {call for _, _, call in scene.world.calls} == {"connect", "folders"}


def test_folders_need_both_ends(scene: Scene) -> None:
    batch = scene.batch()
    scene.world.trouble = refusing("ann@new.example")
    with pytest.raises(UserError, match=r"^destination new\.example:443: the server refuses the sign-in"):
        scene.host.trial.folders(batch, batch.mailboxes[0])
    assert tries(scene, Side.SOURCE) == tries(scene, Side.DESTINATION) == 1


def test_it_waits_for_a_connection_as_a_run_does_and_can_be_cancelled(
    scene: Scene, until: Callable[[Callable[[], object]], None]
) -> None:
    batch = scene.batch()
    one = batch.model_copy(update={"source": batch.source.model_copy(update={"max_connections": 1})})
    answers: list[str] = []
    trying = threading.Thread(target=lambda: answers.append(said(scene, one, 0)))
    with scene.host._connections.held([Need("old.example:993", 1)], scene.host.trial._attempt) as granted:
        assert granted
        before = scene.host.trial._attempt
        trying.start()
        until(lambda: scene.host.trial._attempt is not before)
        scene.host.trial.cancel()
        trying.join(20)
    assert answers == ["no: cancelled"]
    assert tries(scene, Side.SOURCE) == 0


def test_a_server_that_does_not_answer_is_not_waited_for_when_it_is_cancelled(scene: Scene) -> None:
    batch = scene.batch()
    hold = scene.hold(Side.SOURCE, "connect")
    answers: list[str] = []
    trying = threading.Thread(target=lambda: answers.append(said(scene, batch, 0)))
    trying.start()
    assert hold.reached.wait(20)
    scene.host.trial.cancel()
    assert scene.world.aborted == [(Side.SOURCE, "ann", False)]
    scene.world.trouble = lambda *_: None
    hold.go.set()
    trying.join(20)
    assert len(answers) == 1
