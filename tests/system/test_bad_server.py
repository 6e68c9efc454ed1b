"""What a user gets when a server cannot be reached, trusted or entered. The other mailboxes of the batch go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.outcomes import Fault, ItemError
from tests.sandbox.server import PracticeExchange
from tests.sandbox.signin import SignIn
from tests.servers.certificates import Authority
from tests.servers.dovecot import Dovecot
from tests.servers.process import free_port
from tests.system.letters import letter
from tests.system.program import Impatient, Program, to_exchange, to_imap


@pytest.fixture
def users(dovecot: Dovecot, practice_exchange: PracticeExchange, user: str) -> list[str]:
    """Mailboxes at both ends, a message in each."""
    names = [f"{user}{each}" for each in "abcdefg"]
    for name in names:
        dovecot.load(name, [letter("one")])
        practice_exchange.add_mailbox(f"{name}@new.example", "their own")
    return names


@pytest.fixture
def sign_ins(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Every sign-in that practice Exchanges are asked for, and whether it is refused."""
    refused = []

    class Counted(SignIn):
        def check(self, authorization: str | None) -> Any:
            answer = super().check(authorization)
            refused.append(hasattr(answer, "offers"))
            return answer

    monkeypatch.setattr("tests.sandbox.server.SignIn", Counted)
    return refused


def outcome(program: Program, tables: dict[str, Any], exit_code: int = 1) -> dict[str, str]:
    """Run a batch: of each mailbox its error, else its status. People are told each error once, where it happens."""
    file = program.batch(tables)
    done = program.run("run", file, exit_code=exit_code)
    found = {}
    for mailbox in program.status(tables["name"])["mailboxes"]:
        name, error = mailbox["source"], mailbox["error"]
        assert (error is None) == (mailbox["status"] == "Synced"), mailbox
        told = [line for line in done.stdout.splitlines() if line.startswith(f"{name}: ")]
        assert told == ([] if error is None else [f"{name}: {error}"])
        assert done.stderr.count(f" ERROR {name}: {error}\n") == len(told)
        found[name] = error or mailbox["status"]
    assert not list(program.state.glob("crash-*"))
    return found


def refusals(server: Dovecot, user: str) -> int:
    """How often this login was refused."""
    return sum(f"user=<{user}>" in line and "auth failed, 1 attempts" in line for line in server.log.splitlines())


def test_mailboxes_with_troubles_of_their_own(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, users: list[str], sign_ins: list[bool]
) -> None:
    wrong_password, no_command, no_mailbox, no_right, no_folder, full, well = users
    dovecot.load(no_folder, [letter("two", folder="Reserved")])
    tables = to_exchange(dovecot, practice_exchange, *users)
    a, b, c, *_ = tables["mailboxes"]
    program.environment["WRONG"] = "wrong"
    a["password"] = "env:WRONG"
    b["password"] = "command:sh -c 'exit 3'"
    c["destination"] = "nobody@new.example"
    denied = Fault("ErrorImpersonateUserDenied", "The account does not have permission.")
    practice_exchange.when(lambda request: request.mailbox == f"{no_right}@new.example", denied)
    practice_exchange.next("CreateFolder", ItemError("ErrorFolderSave", text="Reserved name."))
    practice_exchange.mailbox(f"{full}@new.example").limit(quota=10)

    there = f"destination 127.0.0.1:{practice_exchange.url.split(':')[2].split('/')[0]}"
    assert outcome(program, tables) == {
        wrong_password: f"source 127.0.0.1:{dovecot.port}: the server refuses the sign-in ([AUTHENTICATIONFAILED] "
        "Authentication failed.); check user name and password, and that the account may use IMAP",
        no_command: f'{program.folder}/batch.toml: password of "{no_command}": command:sh ...: '
        "the command failed with exit code 3; run it by hand to see why",
        no_mailbox: f"{there}: there is no such mailbox at the destination (The SMTP address has no mailbox associated "
        "with it: nobody@new.example); create it, or correct the mailbox's destination address",
        no_right: f"{there}: the account may not impersonate this mailbox's user (The account does not have "
        "permission.); grant it (New-ManagementRoleAssignment -Role ApplicationImpersonation), with a scope that holds "
        "this mailbox",
        no_folder: f"{there}: folder Reserved: Exchange does not take a folder of this name (Reserved name.); give it "
        "another with options.folder_map",
        full: f"{there}: the mailbox is full (The mailbox has exceeded its quota.); raise its "
        "quota (Set-Mailbox), then start it again",
        well: "Synced",
    }
    assert refusals(dovecot, wrong_password) == 1
    assert not any(sign_ins)


def test_a_delegate_without_a_grant(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, users: list[str]
) -> None:
    practice_exchange.add_mailbox("helper@new.example", "secret")
    practice_exchange.grant("helper@new.example", f"{users[1]}@new.example")
    tables = to_exchange(dovecot, practice_exchange, *users[:2])
    tables["destination"] |= {"access": "delegate", "username": "helper@new.example"}
    found = outcome(program, tables)
    assert "the account may not write to this mailbox" in found[users[0]]
    assert "grant it full access (Add-MailboxPermission -AccessRights FullAccess)" in found[users[0]]
    assert found[users[1]] == "Synced"


def test_a_wrong_password_for_all_is_tried_once(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, users: list[str], sign_ins: list[bool]
) -> None:
    program.environment["EXCHANGE_PASSWORD"] = "wrong"
    found = outcome(program, to_exchange(dovecot, practice_exchange, *users))
    (said,) = set(found.values())
    assert said.endswith(
        ": Exchange refuses the sign-in (it offers NTLM, Basic); check destination.username, its password, "
        "and that destination.auth is one that the server offers"
    )
    assert sign_ins == [True]


def test_an_administrators_wrong_password_is_tried_twice(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, users: list[str]
) -> None:
    """A first refusal may be that mailbox's own: servers do not tell."""
    tables = to_exchange(dovecot, practice_exchange, *users)
    tables["source"]["admin"] = {"username": dovecot.master, "password": "env:OLD_PASSWORD"}
    for mailbox in tables["mailboxes"]:
        del mailbox["password"]
    before = refusals(dovecot, dovecot.master)
    found = outcome(program, tables)
    assert refusals(dovecot, dovecot.master) == before + 2
    assert sum("the server refuses the administrator's sign-in for " in said for said in found.values()) == 6
    assert all("; check " in said and " in [source.admin]" in said for said in found.values())


def test_each_with_a_password_of_their_own(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, users: list[str], sign_ins: list[bool]
) -> None:
    tables = to_exchange(dovecot, practice_exchange, *users[:2])
    tables["destination"] = {"kind": "ews", "url": practice_exchange.url, "access": "direct"}
    program.environment |= {"OWN": "their own", "WRONG": "wrong"}
    for mailbox, reference in zip(tables["mailboxes"], ("env:WRONG", "env:OWN"), strict=True):
        mailbox["destination_password"] = reference
    found = outcome(program, tables)
    assert ": Exchange refuses the sign-in " in found[users[0]]
    assert found[users[1]] == "Synced"
    assert sign_ins.count(True) == 1


@pytest.mark.parametrize(("second", "ending", "tries"), [("right", "Synced", 1), ("wrong", "refuses the sign-in", 2)])
def test_a_secret_that_changed_is_tried_once_more(
    program: Program,
    dovecot: Dovecot,
    practice_exchange: PracticeExchange,
    users: list[str],
    sign_ins: list[bool],
    second: str,
    ending: str,
    tries: int,
) -> None:
    at_source, at_destination = users[:2]
    tables = to_exchange(dovecot, practice_exchange, at_source, at_destination)
    tables["destination"] = {"kind": "ews", "url": practice_exchange.url, "access": "direct"}
    program.environment["OWN"] = "their own"
    for mailbox in tables["mailboxes"]:
        mailbox["destination_password"] = "env:OWN"
    tables["mailboxes"][0]["password"] = changing(program, "a", "secret" if second == "right" else "wrong again")
    tables["mailboxes"][1]["destination_password"] = changing(
        program, "b", "their own" if second == "right" else "wrong again"
    )
    found = outcome(program, tables, exit_code=0 if second == "right" else 1)
    assert all(ending in said for said in found.values())
    assert refusals(dovecot, at_source) == tries
    assert sign_ins.count(True) == tries


def changing(program: Program, name: str, second: str) -> str:
    """A reference to a secret that is wrong when it is first read, and `second` from then on."""
    (program.folder / name).write_text(f"wrong\n{second}\n")
    # Prints the first line, and takes it away unless it is the last.
    (program.folder / f"{name}.sh").write_text(f'head -n 1 {name}; [ "$(wc -l < {name})" = 1 ] || sed -i 1d {name}\n')
    return f"command:sh {name}.sh"


def test_an_imap_destination(program: Program, dovecot: Dovecot, second_dovecot: Dovecot, users: list[str]) -> None:
    wrong, no_folder, well, *_ = users
    dovecot.load(no_folder, [letter("two", folder="Projects/Old")])
    second_dovecot.load(f"{no_folder}-new", [letter("three", folder="Projects")])
    (second_dovecot.home(f"{no_folder}-new") / "Maildir" / "Projects").chmod(0o500)
    tables = to_imap(dovecot, second_dovecot, wrong, no_folder, well)
    program.environment["WRONG"] = "wrong"
    tables["mailboxes"][0]["destination_password"] = "env:WRONG"
    found = outcome(program, tables)
    there = f"destination 127.0.0.1:{second_dovecot.port}: "
    assert found[wrong].startswith(f"{there}the server refuses the sign-in ")
    assert found[no_folder].startswith(f"{there}folder Projects/Old: the account has no permission for that ([NOPERM] ")
    assert found[no_folder].endswith("; grant it, or exclude the folder")
    assert found[well] == "Synced"
    assert refusals(second_dovecot, f"{wrong}-new") == 1


@pytest.mark.parametrize("side", ["source", "destination"])
def test_nobody_answers(
    tmp_path: Path, dovecot: Dovecot, practice_exchange: PracticeExchange, users: list[str], side: str
) -> None:
    tables = to_exchange(dovecot, practice_exchange, *users[:2])
    port = free_port()
    tables["source"]["port"] = port if side == "source" else dovecot.port
    if side == "destination":
        tables["destination"]["url"] = f"http://127.0.0.1:{port}/EWS/Exchange.asmx"
    found = outcome(Impatient(tmp_path, 0.1), tables)
    (said,) = set(found.values())
    assert said.startswith(f"{side} 127.0.0.1:{port}: nothing answers at this host and port")
    assert said.endswith("; it did not answer in 3 tries")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_does_not_verify(
    program: Program, dovecot: Dovecot, second_dovecot: Dovecot, users: list[str], security: str
) -> None:
    tables = to_imap(dovecot, second_dovecot, *users[:2])
    for end, server in (("source", dovecot), ("destination", second_dovecot)):
        tables[end] |= {"security": security, "port": server.tls_port if security == "tls" else server.port}
    tables["destination"]["ca_file"] = str(second_dovecot.ca_file)
    (said,) = set(outcome(program, tables).values())
    assert said == (
        f"source 127.0.0.1:{tables['source']['port']}: the server's certificate does not verify: unable to get local "
        "issuer certificate; name its authority with ca_file, or correct the host name"
    )
    tables["source"]["ca_file"] = str(dovecot.ca_file)
    assert set(outcome(program, tables, exit_code=0).values()) == {"Synced"}


def test_an_exchange_whose_certificate_does_not_verify(
    program: Program,
    dovecot: Dovecot,
    make_practice_exchange: Callable[..., PracticeExchange],
    users: list[str],
    tmp_path: Path,
) -> None:
    certificate, key = Authority(tmp_path).server()
    exchange = make_practice_exchange(certificate=certificate, key=key)
    exchange.add_account("svc", "secret")
    for user in users[:2]:
        exchange.add_mailbox(f"{user}@new.example")
    tables = to_exchange(dovecot, exchange, *users[:2])
    (said,) = set(outcome(program, tables).values())
    assert "the server's certificate does not verify: unable to get local issuer certificate; name" in said
    assert "; name its authority with destination.ca_file, or correct the host name in destination.url" in said
    tables["destination"]["ca_file"] = "ca.pem"  # beside the batch file
    assert set(outcome(program, tables, exit_code=0).values()) == {"Synced"}
