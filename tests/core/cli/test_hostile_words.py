"""Whatever stands in a file, in its name, or behind a command: what is printed of it is text, and harms no file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.cli import status

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine

EVIL = "\x1b]0;x\x07\u202egnp\x9b2J[red]\x7f"
#: C0 but for the end of a line, DEL, C1, and what turns the direction of text.
NEVER = {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))}
NEVER |= set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
BATCH = r"""
name = "\u001b]0;x\u202egnp\u009b[red]"
"\u001b[31m" = 1
[source]
host = "a\u001b[2Jb"
port = "\u009b"
[destination]
kind = "ews\u001b"
[[mailboxes]]
source = "\u001b[31m"
destination = "no address\u001b"
password = "file:\u001b[31m"
"""


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A folder whose name is one more of them."""
    folder = tmp_path / EVIL
    folder.mkdir()
    (folder / "batch\x1b.toml").write_text(BATCH)
    (folder / "broken\x1b.toml").write_text('name = "g"\n\x1b\x00 not TOML')
    (folder / "list\x1b.csv").write_text("EmailAddress,UserName,Password\na\x1b[31m@x.example,\u202eu,pw\x9b\n\x1b\n")
    (folder / "head\x1b.csv").write_text("Email\x1bAddress,UserName\x9b,Password\n")
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        "run batch\x1b.toml",
        "run batch\x1b.toml --json",
        "run broken\x1b.toml",
        "run none\x1b.toml",
        "run --\x1b[31m",
        "status \x9b",
        "status \x9b --json",
        "pause \u202e",
        "log \x9b",
        "log x --level \x1b[31m",
        "remove ../../\x1b",
        "import-csv list\x1b.csv --like batch\x1b.toml --out new\x1b.toml",
        "import-csv head\x1b.csv --like batch\x1b.toml --out new\x1b.toml",
        "\x1b[31m",
    ],
)
def test_what_is_wrong_is_said_in_text(
    cli: "CommandLine", evil: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    monkeypatch.chdir(evil)
    ended = cli(*(str(evil / word) if "." in word else word for word in arguments.split(" ")))
    assert ended.code == 2
    assert ended.err.startswith("mailcutover: ")
    assert not NEVER.intersection(ended.out + ended.err)


#: What a batch file allows in a login and an address: no control, but all that turns text round.
LOGIN = "ann\u202egnp\u2066[red]"
ADDRESS = "ann\u202e@new.example"


def test_what_goes_well_is_said_in_text(cli: "CommandLine", evil: Path) -> None:
    cli.world.source(LOGIN, messages=2, folder="X\x1b[31m\u202e")
    written = Path(cli.batch(logins="ben")).read_text()
    mailbox = {"source": LOGIN, "destination": ADDRESS, "password": "env:OLD_PASSWORD"}
    file = evil / "good\x1b.toml"
    file.write_text(f"{written}[[mailboxes]]\n" + "".join(f"{key} = {json.dumps(mailbox[key])}\n" for key in mailbox))
    like, listed, made = evil / "like\x1b.toml", evil / "good\x1b.csv", evil / "made.toml"
    like.write_text(written.partition("[[mailboxes]]")[0])
    listed.write_text("EmailAddress,UserName,Password\na@x.example,\u202eu,pw\n")
    for arguments in (
        ("run", file),
        ("run", file, "--json"),
        ("status",),
        ("status", "sales"),
        ("status", "sales", "--json"),
        ("log", "sales", "--level", "debug"),
        ("log", "sales", "--level", "debug", "--json"),
        ("pause", file),
        ("pause", "sales", "--mailbox", LOGIN),
        ("pause", "sales", "--mailbox", ADDRESS, "--json"),
        ("resume", "sales"),
        ("stop", file),
        ("stop", file, "--json"),
        ("import-csv", listed, "--like", like, "--out", made),
        ("import-csv", listed, "--like", like, "--out", made.with_name("more.toml"), "--json"),
        ("remove", file, "--json"),
    ):
        ended = cli(*map(str, arguments))
        assert ended.code == 0, ended.err
        assert not NEVER.intersection(ended.out + ended.err), arguments
        if "--json" in arguments:
            assert ended.out.isascii()
            lines = [ended.out] if "status" in arguments else ended.out.splitlines()
            assert all(json.loads(line) for line in lines)


def test_the_crash_file_is_text(cli: "CommandLine", monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError(EVIL) from ValueError(f"{EVIL}\r{EVIL}")

    monkeypatch.setattr(status, "status_object", broken)
    assert cli("status", "--json").code == 70
    (crash,) = cli.state.glob("crash-*.txt")
    text = crash.read_bytes().decode()
    assert "\u241b]0;x" in text
    assert not NEVER.intersection(text)
    assert "\nTraceback (most recent call last):\n" in text


def test_a_mailbox_by_any_name_stays_in_the_state_folder(cli: "CommandLine", tmp_path: Path) -> None:
    login = "../../ann/../\x1b"
    cli.world.source(login, messages=2, folder="../../../tmp/\x00")
    file = Path(cli.batch(logins=""))
    mailbox = f"[[mailboxes]]\nsource = {json.dumps(login)}\ndestination = 'ann@new.example'\n"
    file.write_text(file.read_text() + mailbox)
    before = {path for path in tmp_path.rglob("*") if cli.state not in path.parents}
    ended = cli("run", str(file))
    assert not NEVER.intersection(ended.out + ended.err)
    assert {path for path in tmp_path.rglob("*") if cli.state not in path.parents} - {cli.state} == before - {cli.state}


OUTSIDE = (
    "../../x",
    "/abs",
    "..",
    ".",
    "",
    "a/b",
    "a\\b",
    "a\0b",
    "x" * 300,
    "\u4e2d\u6587",
    "x\u202ey",
    "~",
    "x.toml",
)


@pytest.mark.parametrize("name", OUTSIDE, ids=ascii)
def test_a_batch_by_any_other_name_is_refused_and_writes_nothing(cli: "CommandLine", tmp_path: Path, name: str) -> None:
    file = Path(cli.batch())
    file.write_text(file.read_text().replace('"sales"', json.dumps(name)))
    assert cli("status").code == 0
    before = set(tmp_path.rglob("*"))
    for command in ("run", "pause"):
        ended = cli(command, str(file))
        assert ended.code == 2
        assert "name: " in ended.err
    assert set(tmp_path.rglob("*")) == before


def test_names_that_differ_in_case_alone_are_two_batches(cli: "CommandLine") -> None:
    for name, login in (("sales", "ann"), ("Sales", "ben")):
        assert cli("run", cli.batch(name, logins=login)).code == 0
    assert cli("remove", "Sales", "--json").code == 0
    (left,) = json.loads(cli("status", "--json").out)["batches"]
    assert (left["name"], [each["source"] for each in left["mailboxes"]]) == ("sales", ["ann"])
