from pathlib import Path

import pytest

from core.batch import prompt
from core.batch.definition import Admin, Batch, ImapDestination, Mailbox, SourceEndpoint
from core.batch.readiness import check_secrets, unanswered
from core.errors import SecretError
from core.secret import Secret


@pytest.fixture(autouse=True)
def _no_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt, "_answers", {})


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(
        name="wave",
        source=SourceEndpoint(host="old", admin=Admin(username="m", password="prompt:Admin")),
        destination=ImapDestination(host="new"),
        mailboxes=(
            Mailbox(source="ann", destination="ann@x", destination_password="file:pw.toml#ann"),
            Mailbox(source="bob", destination="bob@x", destination_password="env:BOB_NEW", password="prompt:Bob"),
            Mailbox(source="carol", destination="carol@x", destination_password="command:false {user}"),
        ),
    ).at(tmp_path / "wave.toml")


def test_what_must_be_asked_is_known_beforehand(batch: Batch) -> None:
    assert unanswered(batch) == ("Admin", "Bob")
    assert unanswered(batch, [batch.mailboxes[1]]) == ("Bob",)
    prompt.answer("Admin", Secret("x"))
    assert unanswered(batch) == ("Bob",)


def test_every_missing_secret_is_told_at_once(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOB_NEW", raising=False)
    asked: list[str] = []

    def typed(text: str) -> str:
        asked.append(text)
        return "" if text == "Admin" else "typed"

    monkeypatch.setattr(prompt, "_typed", typed)
    with pytest.raises(SecretError) as raised:
        check_secrets(batch)
    told = [problem.removeprefix(f"{batch.file}: ") for problem in raised.value.problems]
    assert [problem.partition(";")[0] for problem in told] == [
        "source.admin.password: prompt:Admin: nothing was typed",
        f'destination_password of "ann": file:pw.toml#ann: there is no such file ({batch.file.parent}/pw.toml)',
        'destination_password of "bob": env:BOB_NEW: there is no such environment variable',
    ]
    assert asked == ["Admin", "Bob"]


def test_secrets_that_are_there_are_not_told_and_commands_wait(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BOB_NEW", "x")
    (tmp_path / "pw.toml").touch(0o600)
    (tmp_path / "pw.toml").write_text("ann = 'x'\n")
    prompt.answer("Admin", Secret("x"))
    prompt.answer("Bob", Secret("x"))
    check_secrets(batch)  # carol's command would fail


def test_what_several_mailboxes_lack_is_told_once(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALL", raising=False)
    mailboxes = tuple(
        Mailbox(source=name, destination=f"{name}@x", password="env:ALL", destination_password="env:ALL")
        for name in ("ann", "bob", "carol")
    )
    with pytest.raises(SecretError) as raised:
        check_secrets(batch.model_copy(update={"mailboxes": mailboxes}))
    (told,) = raised.value.problems
    assert told.startswith(f'{batch.file}: password of "ann" and 5 more: env:ALL: there is no such')


def test_only_the_mailboxes_that_are_meant_are_looked_at(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOB_NEW", raising=False)
    prompt.answer("Bob", Secret("x"))
    with pytest.raises(SecretError) as raised:
        check_secrets(batch, [batch.mailboxes[1]])
    assert len(raised.value.problems) == 1
