import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.batch.reference import Reference, ReferenceKind


def test_each_kind_is_taken_apart() -> None:
    assert Reference.parse("env:ANN_1") == Reference(ReferenceKind.ENV, "ANN_1")
    assert Reference.parse("file:a b/pw") == Reference(ReferenceKind.FILE, "a b/pw")
    assert Reference.parse("file:a#b.toml#ann@x") == Reference(ReferenceKind.FILE, "a#b.toml", "ann@x")
    assert Reference.parse("prompt:Ann: old?") == Reference(ReferenceKind.PROMPT, "Ann: old?")
    command = Reference.parse("command:pass show 'mail/{user}'")
    assert command.kind is ReferenceKind.COMMAND
    assert command.argv == ("pass", "show", "mail/{user}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hunter2", "is not a secret reference, and a secret itself never stands in this file; allowed: "),
        ("", "is not a secret reference"),
        ("ENV:X", "is not a secret reference"),
        ("hunter:2", "is not a secret reference"),
        ("keyring:imap/ann", "keyring: is not built yet; allowed: "),
        ("env:", "names nothing after env:"),
        ("env:hunter-2", "names no variable after env:"),
        ("env:2X", "names no variable after env:"),
        ("file:  ", "names nothing after file:"),
        ("file:#ann", "names no file before #"),
        ("file:x#", "names no file before #"),
        ("command:a 'b", "a quote that is not closed"),
        ("command:''", "names no program"),
        ("prompt:", "names nothing after prompt:"),
        ("prompt:a\x1b[2J", "control character"),
    ],
)
def test_what_is_no_reference_says_what_is(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as raised:
        Reference.parse(text)
    assert str(raised.value).startswith(problem) or problem in str(raised.value)
    assert "allowed: " in str(raised.value)


@given(st.text(), st.text())
def test_a_pasted_password_is_never_repeated(before: str, after: str) -> None:
    password = f"{before}hunter2{after}"
    for text in (password, f"secret:{password}", f"env:-{password}", f"file:#{password}", f"command:'{password}"):
        try:
            Reference.parse(text)
        except ValueError as error:
            assert "hunter2" not in str(error)  # noqa: PT017  most of them are refused, not all


def test_an_error_names_a_command_by_its_program_only() -> None:
    assert str(Reference.parse("command:vault read secret-path")) == "command:vault ..."
    assert str(Reference.parse("command:vault")) == "command:vault"
    assert str(Reference.parse("file:pw.toml#ann")) == "file:pw.toml#ann"
    assert str(Reference.parse("file:pw")) == "file:pw"
