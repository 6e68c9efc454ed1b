"""What a user gets for a bad file, secret or command: a line that says what, where and what to do, and no server asked."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from core.cli.commands import BUILT, PROMISED
from tests.servers.process import free_port
from tests.system.program import Program

COMMANDS = ", ".join(BUILT)
UNSET = "there is no such environment variable; set and export it where mailcutover is started"


def refused(program: Program, *arguments: str | Path, lines: int = 1) -> str:
    """What a command that ends with 2 says on stderr, without the program's name; it says nothing else."""
    done = program.run(*arguments, exit_code=2)
    assert done.stdout == ""
    said = done.stderr.splitlines()
    assert len(said) == lines
    assert all(line.startswith("mailcutover: ") and line.isprintable() for line in said)
    return "\n".join(line.removeprefix("mailcutover: ") for line in said)


@pytest.fixture
def tables() -> dict[str, Any]:
    """A good batch of two mailboxes; nobody listens where its servers are."""
    return {
        "name": "wave",
        "source": {"host": "127.0.0.1", "port": free_port(), "security": "none"},
        "destination": {
            "kind": "ews",
            "url": f"http://127.0.0.1:{free_port()}/EWS/Exchange.asmx",
            "username": "svc",
            "password": "env:EXCHANGE_PASSWORD",
        },
        "mailboxes": [
            {"source": "ann", "destination": "ann@new.example", "password": "env:OLD_PASSWORD"},
            {"source": "ben", "destination": "ben@new.example", "password": "env:OLD_PASSWORD"},
        ],
    }


class TestFile:
    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("none.toml", None, "there is no such file; check its name and folder"),
            ("folder.toml", ..., "is not a file; name a batch file, such as sales-wave-1.toml"),
            ("open.toml", 'name = "wave\n', "line 1, column 13: broken TOML: Illegal character '\\n'"),
            ("twice.toml", "[source]\n\n[source]\n", "line 3, column 8: broken TOML: Cannot declare [source] twice"),
            ("latin.toml", b'\nname = "caf\xe9"\n', "line 2: is not UTF-8; save the file as UTF-8"),
        ],
    )
    def test_that_cannot_be_read(self, program: Program, name: str, content: Any, said: str) -> None:
        file = program.folder / name
        if content is ...:
            file.mkdir()
        elif content is not None:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        assert refused(program, "run", file) == f"{file}: {said}"

    @pytest.mark.parametrize(
        ("table", "wrong", "said"),
        [
            ("source", {"hots": "old.example"}, 'source.hots: unknown key; did you mean "host"?'),
            ("source", {"port": "143"}, "source.port: must be an integer, not a string"),
            ("source", {"security": "ssl"}, 'source.security: "ssl" is not known; allowed: "tls", "starttls" or "none"'),
            ("destination", {"kind": "pop3"}, 'destination.kind: "pop3" is not known; allowed: "ews", "imap"'),
            ("destination", {"auth": "kerberos"}, 'destination.auth: "kerberos" is not built yet; allowed: '),
            ("options", {"active_hours": "20:00-06:00"}, "options.active_hours: is not built yet; leave it out"),
            ("options", {"settle": 30}, "options.settle: must be a duration in quotes such as "),
        ],
    )
    def test_with_a_key_that_is_wrong(
        self, program: Program, tables: dict[str, Any], table: str, wrong: dict[str, Any], said: str
    ) -> None:
        tables.setdefault(table, {}).update(wrong)
        file = program.batch(tables)
        assert refused(program, "run", file).startswith(f"{file}: {said}")

    def test_with_two_mailboxes_for_one(self, program: Program, tables: dict[str, Any]) -> None:
        tables["mailboxes"][1]["destination"] = "ANN@new.example"
        file = program.batch(tables)
        assert refused(program, "run", file) == (
            f'{file}: mailboxes[2].destination: "ANN@new.example" is mailboxes[1].destination already; '
            "give each mailbox its own"
        )

    def test_with_many_problems_tells_all_of_them(self, program: Program, tables: dict[str, Any]) -> None:
        del tables["source"]["host"]
        tables["destination"]["acces"] = "delegate"
        tables["mailboxes"][1]["password"] = "hunter2"
        told = refused(program, "run", program.batch(tables), lines=3)
        assert [line.split(": ")[1] for line in told.splitlines()] == [
            "source.host",
            "destination.acces",
            "mailboxes[2].password",
        ]
        assert "hunter2" not in told

    def test_of_a_name_that_is_taken(self, program: Program, tables: dict[str, Any]) -> None:
        first, second = program.batch(tables), program.batch(tables, "second.toml")
        program.run("pause", first)
        assert refused(program, "run", second) == (
            f"{second}: name: {first} is batch wave already; give one of them another name, "
            "or `mailcutover remove wave` to forget that one"
        )


class TestSecret:
    def test_that_is_not_there(self, program: Program, tables: dict[str, Any]) -> None:
        tables["mailboxes"][0]["password"] = "env:ANN_PASSWORD"
        file = program.batch(tables)
        assert refused(program, "run", file) == f'{file}: password of "ann": env:ANN_PASSWORD: {UNSET}'

    def test_that_many_mailboxes_lack_is_told_once(self, program: Program, tables: dict[str, Any]) -> None:
        tables["mailboxes"] += [
            {"source": f"u{number}", "destination": f"u{number}@new.example", "password": "file:passwords.toml#all"}
            for number in range(30)
        ]
        del program.environment["OLD_PASSWORD"]
        file = program.batch(tables)
        assert refused(program, "run", file, lines=2).splitlines() == [
            f'{file}: password of "ann" and 1 more: env:OLD_PASSWORD: {UNSET}',
            f'{file}: password of "u0" and 29 more: file:passwords.toml#all: '
            f"there is no such file ({file.parent}/passwords.toml); make it, and let nobody else read it",
        ]

    def test_that_others_can_read(self, program: Program, tables: dict[str, Any]) -> None:
        secret = program.folder / "ann.secret"
        secret.write_text("hunter2\n")
        secret.chmod(0o640)
        tables["mailboxes"][0]["password"] = "file:ann.secret"
        file = program.batch(tables)
        assert refused(program, "run", file) == (
            f'{file}: password of "ann": file:ann.secret: others can read or change the file (mode 0640); '
            f"run: chmod 600 '{secret}'"
        )

    def test_that_stands_in_the_file_itself(self, program: Program, tables: dict[str, Any]) -> None:
        tables["destination"]["password"] = "hunter2"
        said = refused(program, "run", program.batch(tables))
        assert "destination.password: is not a secret reference" in said
        assert 'allowed: "env:NAME", ' in said
        assert "hunter2" not in said

    def test_that_nobody_can_be_asked_for(self, program: Program, tables: dict[str, Any]) -> None:
        tables["destination"]["password"] = "prompt:Exchange"
        file = program.batch(tables)
        assert refused(program, "run", file) == (
            f"{file}: destination.password: prompt:Exchange: there is no terminal to ask at; "
            "use env:, file: or command: instead"
        )

    def test_is_not_asked_of_mailboxes_that_are_not_meant(self, program: Program, tables: dict[str, Any]) -> None:
        tables["mailboxes"][0]["password"] = "env:ANN_PASSWORD"
        file = program.batch(tables)
        assert "env:ANN_PASSWORD" in refused(program, "run", file, "--mailbox", "ben", "--mailbox", "ann")
        del tables["mailboxes"][1]
        other = deepcopy(tables) | {"name": "other"}
        assert "env:ANN_PASSWORD" in refused(program, "run", program.batch(other, "other.toml"))


class TestCommand:
    @pytest.mark.parametrize("name", PROMISED)
    def test_that_is_not_built(self, program: Program, tables: dict[str, Any], name: str) -> None:
        assert refused(program, name, program.batch(tables)) == f"`{name}` is not built yet; there are {COMMANDS}"

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            (["statsu"], "there is no command `statsu`; did you mean `status`?"),
            (["qqq"], f"there is no command `qqq`; there are {COMMANDS}; a batch file opens the console"),
            (["run"], "run: Missing argument 'BATCH'."),
            (["run", "./wave.toml", "--wach"], "run: No such option '--wach'. Did you mean '--watch'?"),
            (["log", "wave", "--level", "loud"], "log: Invalid value for '--level': 'loud' is not one of "),
            (["status", "wave"], "no batch 'wave' was ever run here; give its file the first time, such as "),
        ],
    )
    def test_that_is_not_understood(self, program: Program, typed: list[str], said: str) -> None:
        assert refused(program, *typed).startswith(said)

    def test_for_a_mailbox_that_is_not_there(self, program: Program, tables: dict[str, Any]) -> None:
        file = program.batch(tables)
        said = '"anm" is no mailbox of batch wave; did you mean "ann"?'
        assert refused(program, "run", file, "--mailbox", "ben", "--mailbox", "anm") == said
        assert refused(program, "pause", file, "--mailbox", "anm") == said

    def test_for_a_batch_whose_name_is_misspelt(self, program: Program, tables: dict[str, Any]) -> None:
        program.run("pause", program.batch(tables))
        assert refused(program, "resume", "wvae") == "no batch 'wvae' was ever run here; did you mean wave?"

    @pytest.mark.parametrize("state", ["/proc/nowhere", "a-file"])
    def test_with_a_state_folder_that_cannot_be(self, program: Program, state: str) -> None:
        (program.folder / "a-file").touch()
        folder = str(program.folder / state)
        said = refused(program, "--state", folder, "status")
        assert said.startswith(f"{folder}: ")
        assert said.endswith("; name another one with --state DIR")
