"""`import-csv`: a batch that can be run at once, from a list."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine

LIST = "EmailAddress,UserName,Password\nann@new.example,ann,correct horse\nben@new.example,ben,battery staple\n"


@pytest.fixture
def lists(cli: "CommandLine") -> Path:
    """The list of two people whose mailboxes the source has."""
    path = cli.folder / "people.csv"
    path.write_text(LIST)
    return path


def test_the_batch_is_run_with_the_passwords_of_the_list(cli: "CommandLine", lists: Path) -> None:
    like, out = cli.batch("like"), str(cli.folder / "wave-1.toml")
    made = cli("import-csv", str(lists), "--like", like, "--out", out)
    passwords = cli.folder / "wave-1.passwords.toml"
    assert (made.code, made.out) == (
        0,
        f"{out}: batch wave-1, 2 mailboxes; 2 passwords in {passwords}, which only you can read\n",
    )
    assert made.err == f"mailcutover: {lists} still holds the passwords; remove it once the batch works\n"
    assert cli("run", out).code == 0
    assert {address: account.count() for address, account in cli.world.destinations.items()} == {
        "ann@new.example": 3,
        "ben@new.example": 3,
    }


def test_it_says_so_in_json(cli: "CommandLine", lists: Path) -> None:
    out = str(cli.folder / "wave-1.toml")
    made = cli("import-csv", str(lists), "--like", cli.batch("like"), "--out", out, "--json")
    assert json.loads(made.out) == {
        "batch": "wave-1",
        "file": out,
        "mailboxes": 2,
        "passwords": str(cli.folder / "wave-1.passwords.toml"),
        "notes": [f"{lists} still holds the passwords; remove it once the batch works"],
    }
    assert "horse" not in made.out + made.err + Path(out).read_text()


def test_all_problems_are_told_and_nothing_is_made(cli: "CommandLine", lists: Path) -> None:
    lists.write_text(f"{LIST}ben@new.example,ann,x\nc\n")
    before = sorted(path.name for path in cli.folder.iterdir())
    like = cli.batch("like", logins="")
    made = cli("import-csv", str(lists), "--like", like, "--out", str(cli.folder / "wave-1.toml"))
    assert (made.code, made.out) == (2, "")
    assert made.err.splitlines() == [
        (
            f"mailcutover: {lists}: line 5: has 1 fields where the header has 3; "
            "a value with the separator in it needs quotes"
        )
    ]
    assert sorted(path.name for path in cli.folder.iterdir()) == sorted([*before, "like.toml"])


@pytest.mark.parametrize("missing", ["--like", "--out"])
def test_both_files_must_be_named(cli: "CommandLine", lists: Path, missing: str) -> None:
    given = {"--like": cli.batch("like"), "--out": "wave-1.toml"}
    del given[missing]
    made = cli("import-csv", str(lists), *(word for pair in given.items() for word in pair))
    assert (made.code, made.err) == (2, f"mailcutover: import-csv: Missing option '{missing}'.\n")
