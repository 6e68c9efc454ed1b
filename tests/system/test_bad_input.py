"""What a user gets for a bad file, secret or command: a line that says what, where and what to do, and exit code 2."""

from pathlib import Path
from typing import Any

import pytest

from core.cli.commands import BUILT
from tests.servers.process import free_port
from tests.system.program import Program

COMMANDS = ", ".join(BUILT)
UNSET = "there is no such environment variable; set and export it where mailcutover is started"


def refused(program: Program, *arguments: str | Path) -> list[str]:
    """What a command that ends with 2 says on stderr, without the program's name; it says nothing else."""
    done = program.run(*arguments, exit_code=2)
    assert done.stdout == ""
    said = done.stderr.splitlines()
    assert all(line.startswith("mailcutover: ") and line.isprintable() for line in said)
    return [line.removeprefix("mailcutover: ") for line in said]


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
        "options": {},
        "mailboxes": [
            {"source": "ann", "destination": "ann@new.example", "password": "env:OLD_PASSWORD"},
            {"source": "ben", "destination": "ben@new.example", "password": "env:OLD_PASSWORD"},
        ],
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file; check its name and folder"),
        ('name = "wave\n', "line 1, column 13: broken TOML: Illegal character '\\n'"),
        ('name = "wave"\nname = "other"\n', "line 2, column 15: broken TOML: Cannot overwrite a value"),
    ],
)
def test_a_file_that_cannot_be_read(program: Program, content: str | None, said: str) -> None:
    file = program.folder / "wave.toml"
    if content is not None:
        file.write_text(content)
    assert refused(program, "run", file) == [f"{file}: {said}"]


def test_a_file_with_many_problems_is_told_all_of_them(program: Program, tables: dict[str, Any]) -> None:
    del tables["source"]["host"]
    tables["source"] |= {"port": "143", "security": "ssl"}
    tables["destination"] |= {"acces": "delegate", "auth": "kerberos", "password": "hunter2"}
    tables["options"] |= {"active_hours": "20 to 6", "settle": 30}
    tables["mailboxes"][1]["destination"] = "ANN@new.example"
    file = program.batch(tables)
    said = refused(program, "run", file)
    assert {line.removeprefix(f"{file}: ") for line in said} == {
        "source.port: must be an integer, not a string",
        'source.security: "ssl" is not known; allowed: "tls", "starttls" or "none"',
        'source.host: is missing; write for example host = "imap.old.example"',
        'destination.auth: "kerberos" is not built yet; allowed: "basic" or "ntlm"',
        (
            "destination.password: is not a secret reference, and a secret itself never stands in this file; "
            'allowed: "env:NAME", "file:PATH", "file:PATH#KEY", "command:ARGV" or "prompt:TEXT"'
        ),
        'destination.acces: unknown key; did you mean "access"?',
        'options.settle: must be a duration in quotes such as "24h" or "1h30m", not an integer, or "auto"',
        'options.active_hours: "20 to 6" is no span of hours; allowed: two times of day such as "20:00-06:00"',
        'mailboxes[2].destination: "ANN@new.example" is mailboxes[1].destination already; give each mailbox its own',
    }
    assert len(said) == 9
    assert not list(program.state.glob("crash-*"))


def test_two_files_of_one_name(program: Program, tables: dict[str, Any]) -> None:
    first, second = program.batch(tables), program.batch(tables, "second.toml")
    program.run("pause", first)
    assert refused(program, "run", second) == [
        (
            f"{second}: name: {first} is batch wave already; give one of them another name, "
            "or `mailcutover remove wave` to forget that one"
        )
    ]
    assert refused(program, "resume", "wvae") == ['no batch "wvae" was ever run here; did you mean "wave"?']


def test_secrets_that_cannot_be_had(program: Program, tables: dict[str, Any]) -> None:
    secret = program.folder / "ann.secret"
    secret.write_text("hunter2\n")
    secret.chmod(0o640)
    tables["mailboxes"][0]["password"] = "file:ann.secret"
    tables["mailboxes"] += [
        {"source": f"u{number}", "destination": f"u{number}@new.example", "password": "file:all.toml#all"}
        for number in range(30)
    ]
    tables["destination"]["password"] = "prompt:Exchange"
    del program.environment["OLD_PASSWORD"]
    file = program.batch(tables)
    said = refused(program, "run", file)
    assert [line.removeprefix(f"{file}: ") for line in said] == [
        (
            'password of "ann": file:ann.secret: others can read or change the file (mode 0640); '
            f"run: chmod 600 '{secret}'"
        ),
        "destination.password: prompt:Exchange: there is no terminal to ask at; use env:, file: or command: instead",
        f'password of "ben": env:OLD_PASSWORD: {UNSET}',
        (
            f'password of "u0" and 29 more: file:all.toml#all: there is no such file ({program.folder}/all.toml); '
            "make it, and let nobody else read it"
        ),
    ]


def test_a_mailbox_that_is_not_in_the_batch(program: Program, tables: dict[str, Any]) -> None:
    file = program.batch(tables)
    said = ['"anm" is no mailbox of batch wave; did you mean "ann"?']
    assert refused(program, "run", file, "--mailbox", "ben", "--mailbox", "anm") == said
    assert refused(program, "pause", file, "--mailbox", "anm") == said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["check", "./wave.toml"], f"`check` is not built yet; there are {COMMANDS}"),
        (["statsu"], "there is no command `statsu`; did you mean `status`?"),
        (["run", "./wave.toml", "--wach"], "run: No such option '--wach'. Did you mean '--watch'?"),
        (["--state", "/proc/none", "status"], "/proc/none: cannot be the state folder (No such file or directory); "),
    ],
)
def test_a_command_that_cannot_be_done(program: Program, typed: list[str], said: str) -> None:
    (told,) = refused(program, *typed)
    assert told.startswith(said)
