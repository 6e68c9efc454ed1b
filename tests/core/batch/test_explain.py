"""What a user reads of a wrong key or value: its place, what is wrong, what is allowed."""

import pytest

from tests.batch_text import EXCHANGE, GOOD, MAILBOX, SOURCE, problems


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
repair = "yes"
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
        "options.repair",
        "options.sync_every",
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
        ('repair = "no"', "options.repair: must be true or false, without quotes, not a string"),
        (
            'bandwidth = "20 MB"',
            'options.bandwidth: "20 MB" is no rate; allowed: a rate such as "20 MB/s" or "500 KB/s"',
        ),
        ('bandwidth = "10 B/s"', "options.bandwidth: 10 bytes a second are out of range; allowed: 1 KB/s or more"),
        ("bandwidth = 0.5", 'options.bandwidth: must be a rate such as "20 MB/s", not a float'),
        (
            'active_hours = "8-18"',
            'options.active_hours: "8-18" is no span of hours; allowed: two times of day such as',
        ),
        ('active_hours = "20:00-24:00"', 'options.active_hours: "20:00-24:00" has a time that no clock shows; allowed'),
        (
            'active_hours = "08:00-8:00"',
            'options.active_hours: "08:00-8:00" is no time at all, or all day; leave it out',
        ),
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


def test_foreign_text_in_a_problem_is_printable() -> None:
    found = problems(GOOD.replace("[destination]", '"\\u001b]0;x\\u0007" = 1\n[destination]'))
    assert "\x1b" not in found[0]
    assert found[0].startswith('source."␛]0;x␇": unknown key')
