"""What a user reads of a wrong batch file: every problem, each with its place and what is allowed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from core.batch.definition import KEYS
from core.batch.load import load, parse
from core.errors import BatchFileError

FILE = Path("wave.toml")
MAILBOX = """
[[mailboxes]]
source = "ann"
destination = "ann@new.example"
password = "env:ANN"
"""
SOURCE = """
[source]
host = "imap.old.example"
"""
EXCHANGE = """
[destination]
url = "https://mail.new.example/EWS/Exchange.asmx"
username = "svc"
password = "env:SVC"
"""
GOOD = f'name = "wave-1"\n{SOURCE}{EXCHANGE}{MAILBOX}'
IMAP = EXCHANGE.replace("[destination]", '[destination]\nkind = "imap"')


def problems(text: str) -> list[str]:
    with pytest.raises(BatchFileError) as raised:
        parse(text, FILE)
    lines = list(raised.value.problems)
    assert all(line.startswith("wave.toml: ") and line.isprintable() for line in lines)
    return [line.removeprefix("wave.toml: ") for line in lines]


def test_the_smallest_file_has_the_contracts_defaults() -> None:
    batch = parse(GOOD, FILE)
    assert batch.source.model_dump() == {
        "kind": "imap",
        "host": "imap.old.example",
        "port": 993,
        "security": "tls",
        "ca_file": None,
        "verify_certificate": True,
        "identity": "imap.old.example",
        "auth": "password",
        "max_connections": 20,
        "admin": None,
    }
    assert batch.destination.model_dump() == {
        "kind": "ews",
        "url": "https://mail.new.example/EWS/Exchange.asmx",
        "access": "impersonation",
        "auth": "basic",
        "username": "svc",
        "password": "env:SVC",
        "identity": "mail.new.example",
        "ca_file": None,
        "verify_certificate": True,
        "max_connections": 12,
    }
    assert batch.options.model_dump() == {
        "max_message_size": 35 * 1024 * 1024,
        "max_items_per_mailbox": 500_000,
        "include_folders": (),
        "exclude_folders": (),
        "received_since": None,
        "received_before": None,
        "skip_deleted": True,
        "drafts": "every",
        "read_receipts": "off",
        "rejected_limit": 50,
        "mailboxes_at_once": 10,
        "sync_every": 86_400.0,
        "give_up_after": 86_400.0,
        "settle": None,
        "folder_map": {},
    }


def test_a_good_file_loads_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "wave.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    batch = load(path)
    assert (batch.name, batch.file) == ("wave-1", path)
    assert batch.mailboxes[0].source == "ann"


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """
nmae = "x"
[source]
host = "imap.old.example:993"
port = 70000
auth = "xoauth2"
[source.admin]
username = 3
password = "hunter2"
style = "{usr}*{admin}"
[destination]
acess = "impersonation"
password = "keyring:a/b"
[options]
max_message_size = "35 XB"
sync_every = 24
drafts = "final"
bandwidth = "20 MB/s"
skip_deleted = "yes"
include_folders = ["/a", "b", 3]
received_since = "2024-01-01"
[[mailboxes]]
source = "ann"
destination = "ann"
pasword = "env:X"
[[mailboxes]]
source = "ann"
destination = "ann@new.example"
password = "hunter3"
"""
    found = problems(text)
    assert [line.split(": ")[0] for line in found] == [
        "nmae",
        "source.host",
        "source.port",
        "source.auth",
        "source.admin.username",
        "source.admin.password",
        "source.admin.style",
        "destination.password",
        "destination.acess",
        "destination.url",
        "destination.username",
        "options.max_message_size",
        "options.include_folders[1]",
        "options.include_folders[3]",
        "options.received_since",
        "options.skip_deleted",
        "options.drafts",
        "options.sync_every",
        "options.bandwidth",
        "mailboxes[1].pasword",
        "mailboxes[1].destination",
        "mailboxes[2].password",
        "mailboxes[2].source",
    ]
    assert not any("hunter" in line for line in found)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        # A name
        ('"wave-1"', '"a b"', 'name: "a b" is no name for a batch; allowed: 1 to 64 of A-Z a-z 0-9 . _ -'),
        ('"wave-1"', '".."', 'name: ".." is no name for a batch'),
        ('"wave-1"', '"."', 'name: "." is no name for a batch'),
        ('"wave-1"', '"../x"', 'name: "../x" is no name for a batch'),
        ('"wave-1"', f'"{"x" * 65}"', "is no name for a batch"),
        ('"wave-1"', '"x\\n"', "is no name for a batch"),
        ('"wave-1"', '"x.toml"', 'name: "x.toml" would be taken for a file'),
        ('name = "wave-1"', "", 'name: is missing; write for example name = "sales-wave-1"'),
        ('"wave-1"', "1", "name: must be a string, not an integer"),
        # Tables
        (SOURCE, "", "source: is missing; write [source] and its keys below"),
        ("[source]", "[[source]]", "source: must be a table, not an array; write [source] above its keys, once"),
        ("[destination]", "[[destination]]", "destination: must be a table, not an array; write [destination] above"),
        ("[[mailboxes]]", "[mailboxes]", "mailboxes: must be an array of tables, not a table; write [[mailboxes]]"),
        (MAILBOX, "", "mailboxes: is missing; write at least one [[mailboxes]] with source and destination"),
        ('name = "wave-1"', 'name = "wave-1"\noptions = 3', "options: must be a table, not an integer"),
        # Hosts
        ('"imap.old.example"', '""', "source.host: is empty"),
        ('"imap.old.example"', '"imaps://h"', "source.host: is no host name; allowed: a name or an address alone"),
        ('"imap.old.example"', '"h:993"', "source.host: is no host name (a port goes into the key port)"),
        ('"imap.old.example"', '" h"', "source.host: begins or ends with a blank"),
        ('"imap.old.example"', '"h\\r\\nA1 X"', "source.host: holds a control character"),
        ("https://", "ftp://", "destination.url: is no URL; allowed: an address such as"),
        ("https://mail", "https://svc:hunter2@mail", "destination.url: holds a user name or password"),
        ("Exchange.asmx", "Exchange.asmx?x=1", "destination.url: goes on after ? or #"),
        ("mail.new.example/", "mail.new.example:99999/", "destination.url: is no URL"),
        ("mail.new.example/", "[::1/", "destination.url: is no URL"),
        # Words and numbers
        ("[destination]", "port = 0\n[destination]", "source.port: 0 is out of range; allowed: 1 to 65535"),
        ("[destination]", 'port = "993"\n[destination]', "source.port: must be an integer, not a string"),
        ("[destination]", "port = 993.0\n[destination]", "source.port: must be an integer, not a float"),
        ("[destination]", "port = true\n[destination]", "source.port: must be an integer, not a boolean"),
        (
            "[destination]",
            "port = 0xffffffffffffffffffff\n[destination]",
            "source.port: a number beyond 64 bits is out of range; allowed: 1 to 65535",
        ),
        (
            "[destination]",
            'security = "ssl"\n[destination]',
            'source.security: "ssl" is not known; allowed: "tls", "starttls" or "none"',
        ),
        (
            "[destination]",
            "security = 1\n[destination]",
            'source.security: must be "tls", "starttls" or "none", not an integer',
        ),
        (
            "[destination]",
            'verify_certificate = "no"\n[destination]',
            "source.verify_certificate: must be true or false, without quotes, not a string",
        ),
        ("[destination]", "ca_file = 1\n[destination]", 'source.ca_file: must be a path such as "old-ca.pem", not an'),
        ("[destination]", 'ca_file = ""\n[destination]', "source.ca_file: is empty"),
        ("[destination]", "identity = ''\n[destination]", "source.identity: is empty"),
        ("[destination]", "admin = 1\n[destination]", "source.admin: must be a table, not an integer"),
        ("[destination]", '[destination]\nkind = "pop3"', 'destination.kind: "pop3" is not known; allowed: "ews",'),
        ("[destination]", '[destination]\nauth = "kerberos"', 'destination.auth: "kerberos" is not built yet; allowed'),
        (
            "[destination]",
            '[destination]\nauth = "digest"',
            'destination.auth: "digest" is not known; allowed: "basic"',
        ),
        # Keys
        ("[destination]", 'tenant = "x"\n[destination]', "source.tenant: is not built yet; leave it out"),
        ("[destination]", '[destination]\nclient_secret = "x"', "destination.client_secret: is not built yet"),
        ("[destination]", 'hots = "x"\n[destination]', 'source.hots: unknown key; did you mean "host"?'),
        ("[destination]", '"Max-Connections" = 2\n[destination]', 'did you mean "max_connections"?'),
        (
            "[destination]",
            'url = "x"\n[destination]',
            'source.url: unknown key here; it belongs to [destination] with kind = "ews"',
        ),
        ("[destination]", "zzz = 1\n[destination]", "source.zzz: unknown key; allowed: kind, host, security, port"),
        ("[destination]", '"a b" = 1\n[destination]', 'source."a b": unknown key; allowed: '),
        (
            'name = "wave-1"',
            'name = "wave-1"\nsync_every = "1h"',
            "sync_every: unknown key here; it belongs to [options]",
        ),
        ('name = "wave-1"', 'name = "wave-1"\nfile = "x"', "file: unknown key; allowed: name, source, destination"),
        # Mailboxes
        ('source = "ann"', "", 'mailboxes[1].source: is missing; write for example source = "ann"'),
        ('"env:ANN"', '"env:ANN"\nroot = 3', 'mailboxes[1].root: must be a string, not an integer (mailbox "ann")'),
        (
            '"env:ANN"',
            '"hunter2"',
            "mailboxes[1].password: is not a secret reference, and a secret itself never stands",
        ),
        ('"env:ANN"', '"keyring:x/y"', "mailboxes[1].password: keyring: is not built yet; allowed: "),
        (
            'password = "env:ANN"',
            "",
            'mailboxes[1].password: is missing for "ann"; allowed: a secret reference such as "env:ANN_PASSWORD"',
        ),
        ('"ann@new.example"', '"ann"', 'mailboxes[1].destination: "ann" is no address; allowed: a mail address'),
        (
            '"env:ANN"',
            '"env:ANN"\ndestination_password = "env:X"',
            'mailboxes[1].destination_password: means nothing for "ann" with access = "impersonation"',
        ),
        # Between keys
        ('username = "svc"', "", 'destination.username: is missing; access = "impersonation" needs it'),
        (
            "[destination]",
            '[destination]\naccess = "direct"',
            'destination.username: means nothing with access = "direct"',
        ),
        (
            "[destination]",
            'ca_file = "x"\nverify_certificate = false\n[destination]',
            "source.ca_file: means nothing with verify_certificate = false",
        ),
        ("https:", "http:", "destination.ca_file: means nothing on a way without TLS"),
    ],
)
def test_one_problem(old: str, new: str, problem: str) -> None:
    assert GOOD.count(old) >= 1
    text = GOOD.replace(old, new, 1)
    if "destination.ca_file" in problem:
        text = text.replace("[destination]", '[destination]\nca_file = "x"')
    found = problems(text)
    assert any(problem in line for line in found), found
    assert not any("hunter2" in line for line in found)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('max_message_size = "0 MB"', "options.max_message_size: 0 bytes are out of range; allowed: 1 byte to 1024 TB"),
        ("max_message_size = 1.5", 'options.max_message_size: must be a size such as "35 MB", not a float'),
        ("max_message_size = true", 'options.max_message_size: must be a size such as "35 MB", not a boolean'),
        ('sync_every = "1 fortnight"', 'options.sync_every: "1 fortnight" is no duration; allowed: a duration such as'),
        (
            "settle = 3",
            'options.settle: must be a duration in quotes such as "24h" or "1h30m", not an integer, or "auto"',
        ),
        (
            "received_since = 07:30:00",
            "options.received_since: must be a date without quotes such as 2024-01-01, not a t",
        ),
        ("received_since = 0001-01-01T00:00:00+14:00", "options.received_since: is beyond the calendar in UTC"),
        (
            "received_since = 2024-01-01\nreceived_before = 2024-01-01",
            "options.received_before: is not after received_since",
        ),
        ("rejected_limit = -1", "options.rejected_limit: -1 is out of range; allowed: 0 to"),
        ("mailboxes_at_once = 0", "options.mailboxes_at_once: 0 is out of range; allowed: 1 to 500"),
        ("max_items_per_mailbox = 0", "options.max_items_per_mailbox: 0 is out of range"),
        ('read_receipts = "on"', 'options.read_receipts: "on" is not known; allowed: "off" or "keep"'),
        ("repair = true", "options.repair: is not built yet; leave it out"),
        ('active_hours = "20:00-06:00"', "options.active_hours: is not built yet"),
        ('include_folders = "Sent"', "options.include_folders: must be an array, not a string"),
        ('exclude_folders = ["a//b"]', 'options.exclude_folders[1]: "a//b" begins or ends with / or has two of them'),
        ('folder_map = {"a" = 3}', "options.folder_map.a: must be a string, not an integer"),
        ('folder_map = {"" = "a"}', "options.folder_map: is empty; allowed: names with / between them"),
        ('folder_map = {"a" = "b/"}', 'options.folder_map: destination of "a": "b/" begins or ends with /'),
        ('folder_map = {"inbox" = "a", "INBOX" = "b"}', '"INBOX" and "inbox" are the same folder'),
        ('folder_map = "a"', "options.folder_map: must be a table, not a string"),
    ],
)
def test_one_problem_of_the_options(line: str, problem: str) -> None:
    found = problems(GOOD.replace(MAILBOX, f"[options]\n{line}\n{MAILBOX}"))
    assert len(found) == 1
    assert found[0].startswith(problem) or problem in found[0]


def test_two_mailboxes_that_are_the_same() -> None:
    found = problems(GOOD + MAILBOX.replace("ann@", "ANN@"))
    assert found == [
        'mailboxes[2].source: "ann" is mailboxes[1].source already; give each login once',
        'mailboxes[2].destination: "ANN@new.example" is mailboxes[1].destination already; give each mailbox its own',
    ]
    other_case = MAILBOX.replace('"ann"', '"Ann"').replace("ann@", "other@")
    assert len(parse(GOOD + other_case, FILE).mailboxes) == 2


def test_direct_access_needs_each_mailboxs_own_password() -> None:
    direct = EXCHANGE.replace('username = "svc"\npassword = "env:SVC"', 'access = "direct"')
    found = problems(GOOD.replace(EXCHANGE, direct))
    assert [line.split(";")[0] for line in found] == ['mailboxes[1].destination_password: is missing for "ann"']
    assert parse(GOOD.replace(EXCHANGE, direct) + 'destination_password = "env:X"\n', FILE).mailboxes


def test_an_imap_destination() -> None:
    imap = '\n[destination]\nkind = "imap"\nhost = "new.example"\n'
    found = problems(GOOD.replace(EXCHANGE, imap))
    assert [line.split(";")[0] for line in found] == ['mailboxes[1].destination_password: is missing for "ann"']
    admin = f'{imap}[destination.admin]\nusername = "a"\npassword = "env:A"\n'
    assert parse(GOOD.replace(EXCHANGE, admin), FILE).destination.max_connections == 12
    nobody = f'{admin}style = "{{admin}}"\n'
    assert problems(GOOD.replace(EXCHANGE, nobody))[0].startswith("destination.admin.style: has no {user} in it")
    wrong = problems(GOOD.replace(EXCHANGE, f'{imap}url = "x"\nacess = 1\n'))
    assert 'destination.url: unknown key here; it belongs to [destination] with kind = "ews"' in wrong


def test_a_mailbox_is_not_copied_onto_itself() -> None:
    imap = '\n[destination]\nkind = "imap"\nhost = "IMAP.old.example"\n'
    text = GOOD.replace(EXCHANGE, imap).replace('"ann@new.example"', '"Ann"') + 'destination_password = "env:X"\n'
    assert problems(text) == [
        'mailboxes[1].destination: "Ann" is its own source, all its mail would be doubled; name another'
    ]
    assert problems(text.replace('"Ann"', '"bob"') + 'destination_username = "ann"')
    assert parse(text.replace('"Ann"', '"bob"'), FILE)
    assert parse(text.replace("IMAP.old.example", "new.example"), FILE)
    assert parse(text.replace(imap, f"{imap}port = 1143\n"), FILE)
    few = problems(text.replace('"Ann"', '"bob"').replace(imap, f"{imap}max_connections = 1\n"))
    assert few[0].startswith("destination.max_connections: is too few: both ends are one server")


def test_one_login_for_all_needs_a_root_each() -> None:
    admin = f'{SOURCE}[source.admin]\nusername = "m"\npassword = "env:M"\nstyle = "{{admin}}"\n'
    text = GOOD.replace(SOURCE, admin).replace('password = "env:ANN"\n', "")
    assert problems(text)[0].startswith('mailboxes[1].root: is missing for "ann": source.admin.style has no {user}')
    assert parse(f'{text}root = "/users/ann"\n', FILE).mailboxes[0].root == "/users/ann"
    for style, problem in (
        ("migrator", "is the same login for all"),
        ("{user", "has a brace that means nothing"),
        ("{user}{x}", "has a brace that means nothing"),
    ):
        found = problems(text.replace('"{admin}"', f'"{style}"'))
        assert found[0].startswith(f'source.admin.style: "{style}" {problem}')


def test_a_misspelt_key_is_one_problem_not_two() -> None:
    assert problems(GOOD.replace("host =", "hsot =")) == ['source.hsot: unknown key; did you mean "host"?']
    assert problems(GOOD.replace('password = "env:ANN"', 'passwort = "env:ANN"')) == [
        'mailboxes[1].passwort: unknown key; did you mean "password"?'
    ]


def test_a_misspelt_table_is_one_problem_however_many_mailboxes_hang_on_it() -> None:
    admin = '[source.admn]\nusername = "m"\npassword = "env:M"\n'
    text = GOOD.replace(EXCHANGE, admin + EXCHANGE).replace('password = "env:ANN"\n', "")
    assert problems(text) == ['source.admn: unknown key; did you mean "admin"?']
    assert problems(text.replace("[source", "[sorce").replace("admn", "admin")) == [
        'sorce: unknown key; did you mean "source"?'
    ]
    direct = EXCHANGE.replace('username = "svc"\npassword = "env:SVC"', 'acess = "direct"')
    assert problems(GOOD.replace(EXCHANGE, direct) + 'destination_password = "env:X"\n') == [
        'destination.acess: unknown key; did you mean "access"?'
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = \n", "line 1, column 8: broken TOML: Invalid value"),
        ('name = "x\n', "line 1, column 10: broken TOML: Illegal character"),
        ("[source]\n[source]\n", "line 2, column 8: broken TOML: Cannot declare [source] twice"),
        ("[source.admin]\n[source.admin]\n", "broken TOML: Cannot declare [source.admin] twice"),
        ("name = 1\nname = 2", "line 2, at the end: broken TOML: Cannot overwrite a value"),
        (f"a = {'[' * 5000}", "arrays or tables are nested too deep"),
        (f"a = {'9' * 5000}", "holds a number beyond 64 bits"),
    ],
)
def test_broken_toml_says_where(text: str, problem: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert problem in found[0]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        with pytest.raises(BatchFileError) as raised:
            load(path)
        (line,) = raised.value.problems
        return line.removeprefix(f"{path}: ")

    assert said(tmp_path / "none.toml") == "there is no such file"
    assert said(tmp_path).startswith("is not a file; name a batch file")
    (tmp_path / "latin.toml").write_bytes(b'name = "x"\n# caf\xe9\n')
    assert said(tmp_path / "latin.toml") == "line 2: is not UTF-8; save the file as UTF-8"
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert said(tmp_path / "loop").startswith("cannot be read: ")
    assert said(Path("\0")).endswith("cannot be read: embedded null byte")


def test_foreign_text_in_a_problem_is_printable() -> None:
    found = problems(GOOD.replace("[destination]", '"\\u001b]0;x\\u0007" = 1\n[destination]'))
    assert "\x1b" not in found[0]
    assert found[0].startswith('source."␛]0;x␇": unknown key')


SCALARS = (
    st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes()
    | st.times()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=4,
)
NAMES = st.sampled_from(sorted({name for keys in KEYS.values() for name in keys})) | st.text(max_size=6)
PLACES = st.sampled_from([(), ("source",), ("source", "admin"), ("destination",), ("options",), ("mailboxes", 0)])
# Words of Python and of the library that checks; none belongs into a sentence for a user.
FOREIGN = re.compile(
    r"pydantic|[Ii]nput should|\bNone\b|\bTrue\b|\bdict\b|\bstr\b|\bint\b|\btuple\b|valid instance|lambda"
)


@settings(max_examples=400)
@given(st.lists(st.tuples(PLACES, NAMES, VALUES), min_size=1, max_size=4), st.booleans())
def test_whatever_a_file_holds_it_is_a_batch_or_told_in_toml_words(
    changes: list[tuple[tuple[str | int, ...], str, Any]],
    imap: bool,
) -> None:
    table: Any = tomllib.loads(GOOD.replace(EXCHANGE, IMAP) if imap else GOOD)
    table["source"]["admin"] = {"username": "a", "password": "env:A"}
    table["options"] = {}
    for place, name, value in changes:
        inner = table
        for step in place:
            try:
                inner = inner[step]
            except (KeyError, IndexError, TypeError):
                inner = {}  # replaced by another change
        if isinstance(inner, dict):
            inner[name] = value
    text = tomli_w.dumps(table)
    try:
        parse(text, FILE)
        lines: list[str] = ["wave.toml: "]
    except BatchFileError as error:
        lines = list(error.problems)
    assert lines
    for line in lines:
        assert line.startswith("wave.toml: ")
        assert "\n" not in line
        ours = re.sub(r'"[^"]*"', "", line)  # what stands in quotes is the user's
        assert not FOREIGN.search(ours), line
