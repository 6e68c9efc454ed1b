"""What the documents say is what the program does."""

import re
from pathlib import Path

import pytest

from core import errors
from core.cli.main import commands
from tests import keys_doc

README = keys_doc.FILE
TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("document", [README, keys_doc.SETTINGS], ids=lambda path: path.name)
def test_the_keys_are_current(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert keys_doc.written(text) == text, "make them anew: python -m tests.keys_doc"
    assert "| `q` `Ctrl+q` `Ctrl+c` |" in text


def test_every_command_is_named() -> None:
    for name, command in commands.commands.items():
        if not command.hidden:
            assert f"`{name}" in TEXT, name


def test_every_exit_code_is_named() -> None:
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)} == codes


@pytest.mark.parametrize(
    "document", [README, *sorted((README.parent / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target
