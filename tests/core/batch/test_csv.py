"""Lists of mailboxes in CSV: any that is well formed comes back as the same mailboxes; all that is wrong is told."""

import csv
import io
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.batch.csv_text import LARGEST, MOST_ROWS
from core.batch.definition import Batch
from core.batch.import_list import Imported, import_list
from core.batch.load import load
from core.batch.logins import destination_login, source_login
from core.batch.secret_table import keep
from core.errors import BatchFileError, SecretError, UserError
from core.secret import Secret
from tests.batch_text import EXCHANGE, IMAP, SOURCE

TEMPLATE = f'name = "like"\n{SOURCE}{EXCHANGE}'
BY_ADMIN = '[source.admin]\nusername = "mailadmin"\npassword = "env:ADMIN"\nstyle = "{style}"\n'
TO_IMAP = IMAP.replace('url = "https://mail.new.example/EWS/Exchange.asmx"', 'host = "imap.new.example"').replace(
    'username = "svc"\npassword = "env:SVC"\n', ""
)
HEADER = "EmailAddress,UserName,Password"


class Desk:
    """A folder with a template and a list in it."""

    def __init__(self, folder: Path) -> None:
        self.list, self.like, self.out = folder / "list.csv", folder / "like.toml", folder / "wave-1.toml"
        self.passwords = folder / "wave-1.passwords.toml"

    def make(self, text: str | bytes, like: str = TEMPLATE) -> Imported:
        self.list.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.like.write_text(like)
        return import_list(self.list, self.like, self.out)

    def batch(self, text: str | bytes, like: str = TEMPLATE) -> Batch:
        self.make(text, like)
        return load(self.out)

    def problems(self, text: str | bytes, like: str = TEMPLATE) -> list[str]:
        with pytest.raises(BatchFileError) as raised:
            self.make(text, like)
        assert not self.out.exists()
        assert not self.passwords.exists()
        assert all(line.isprintable() for line in raised.value.problems)
        return [line.replace(f"{self.list.parent}/", "") for line in raised.value.problems]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def logins(batch: Batch) -> dict[str, tuple[str, str | None, str]]:
    """Of each mailbox: where it goes, its root, its password."""
    return {
        mailbox.source: (mailbox.destination, mailbox.root, source_login(batch, mailbox).secret().reveal())
        for mailbox in batch.mailboxes
    }


# --- any list that is well formed ---------------------------------------------------------------------------------

letters = st.characters(exclude_categories=["Cs", "Cc"])
names = st.text(letters, min_size=1, max_size=10).map(str.strip).filter(lambda text: text and text[0] not in '=#"')
words = st.text(letters, min_size=1, max_size=12).filter(
    lambda text: text.strip() and not (text.strip().startswith('="') or text.strip().startswith("#"))
)
addresses = st.tuples(
    st.text("abcXYZ019._'+-", min_size=1, max_size=8), st.sampled_from(["new.example", "NEW.example"])
)
mailboxes = st.lists(
    st.tuples(addresses.map("@".join), names, words, st.none() | names),
    min_size=1,
    max_size=6,
    unique_by=(lambda row: row[0].lower(), lambda row: row[1]),
)


def written(rows: Sequence[Mapping[str, str]], columns: Sequence[str], **style: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, **style)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mailboxes,
    st.permutations(["EmailAddress", "UserName", "Password", "UserRoot"]),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    st.booleans(),
)
def test_any_list_of_microsofts_comes_back_as_the_same_mailboxes(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str, str | None]],
    columns: list[str],
    separator: str,
    line_end: str,
    quoting: int,
    encoding: str,
    blank_rows: bool,
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    text = written(
        [
            {"EmailAddress": to, "UserName": login, "Password": word, "UserRoot": root or ""}
            for to, login, word, root in rows
        ],
        columns,
        delimiter=separator,
        lineterminator=line_end,
        quoting=quoting,  # type: ignore[arg-type]
    )
    if blank_rows:
        lines = text.split(line_end)
        text = line_end.join([*lines[:2], separator * 3, "", *lines[2:]])
    batch = desk.batch(text.encode(encoding))
    assert [mailbox.source for mailbox in batch.mailboxes] == [row[1] for row in rows], "in the list's order"
    assert logins(batch) == {login: (address, root or None, word) for address, login, word, root in rows}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mailboxes.filter(lambda rows: not any(";" in "".join(row[:3]) or row[2].startswith('"') for row in rows)),
    st.sampled_from(["", ";", ";;"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_list_of_imapsyncs_comes_back_as_the_same_mailboxes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, str | None]], tail: str, line_end: str
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    lines = ["# host1;user1;password1;host2;user2;password2", ""]
    lines += [f"IMAP.old.example;{login};{word};imap.new.example;{to};new {word}{tail}" for to, login, word, _ in rows]
    batch = desk.batch(line_end.join(lines).encode(), f'name = "like"\n{SOURCE}{TO_IMAP}')
    assert logins(batch) == {login: (address, None, word) for address, login, word, _ in rows}
    new = [destination_login(batch, mailbox).secret().reveal() for mailbox in batch.mailboxes]
    assert new == [f"new {word}" for _, _, word, _ in rows]


# --- what it makes ------------------------------------------------------------------------------------------------


def test_passwords_are_in_a_file_of_their_own_and_nowhere_else(desk: Desk) -> None:
    made = desk.make(f"{HEADER}\nann@new.example,ann,correct horse\nbob@new.example,bob,battery staple\n")
    assert (made.name, made.mailboxes, made.secrets, made.passwords) == ("wave-1", 2, 2, desk.passwords)
    assert stat.S_IMODE(desk.passwords.stat().st_mode) == 0o600
    assert desk.passwords.read_text() == 'ann = "correct horse"\nbob = "battery staple"\n'
    text = desk.out.read_text()
    assert 'password = "file:wave-1.passwords.toml#ann"' in text
    assert not any(word in text for word in ("horse", "staple"))
    assert made.notes == (f"{desk.list} still holds the passwords; remove it once the batch works",)


def test_everything_else_is_as_in_the_other_batch(desk: Desk) -> None:
    like = f'{TEMPLATE}\n[options]\nbandwidth = "5 MB/s"\n[options.folder_map]\nOld = "Archive/Old"\n'
    like += '[[mailboxes]]\nsource = "zoe"\ndestination = "zoe@new.example"\npassword = "env:ZOE"\n'
    batch = desk.batch(f"{HEADER}\nann@new.example,ann,word\n", like)
    assert [mailbox.source for mailbox in batch.mailboxes] == ["ann"]
    assert batch.name == "wave-1"
    assert (batch.options.bandwidth, batch.options.folder_map) == (5 << 20, {"Old": "Archive/Old"})
    assert batch.source == load_like(desk, like).source


def load_like(desk: Desk, like: str) -> Batch:
    desk.like.write_text(like)
    return load(desk.like)


def test_paths_mean_the_same_files_from_another_folder(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "new").mkdir()
    desk.out = tmp_path / "new/wave-1.toml"
    like = TEMPLATE.replace('"env:SVC"', '"file:svc.pw"').replace("[source]\n", '[source]\nca_file = "old-ca.pem"\n')
    like = like.replace(
        "[destination]", '[source.admin]\nusername = "a"\npassword = "command:pass show {user}"\n[destination]'
    )
    made = desk.make("EmailAddress,UserName,Password\nann@new.example,ann,\n", like)
    batch = load(desk.out)
    assert batch.source.ca_file == tmp_path / "old-ca.pem"
    assert destination_login(batch, batch.mailboxes[0]).reference == f"file:{tmp_path}/svc.pw"
    assert made.notes == (f"source.admin.password: its command runs in the folder of {desk.out} from now on",)
    assert made.passwords is None


@pytest.mark.parametrize(
    ("style", "login"),
    [
        ("{user}*{admin}", "terry.adams*mailadmin"),
        ("contoso/{admin}/{user}", "contoso/mailadmin/terry.adams"),
        ("#{user}@old.example#{admin}#", "#terry.adams@old.example#mailadmin#"),
    ],
)
def test_an_administrators_login_is_taken_apart(desk: Desk, style: str, login: str) -> None:
    like = f'name = "like"\n{SOURCE}{BY_ADMIN.replace("{style}", style)}{EXCHANGE}'
    made = desk.make(f"{HEADER}\nterry@new.example,{login},P@ssw0rd\nann@new.example,ann,own word\n", like)
    batch = load(desk.out)
    assert [(mailbox.source, mailbox.password) for mailbox in batch.mailboxes] == [
        ("terry.adams", None),
        ("ann", "file:wave-1.passwords.toml#ann"),
    ]
    assert made.notes[:2] == (
        '1 password of the list is left out: "mailadmin" signs in, with the password of [source.admin]',
        "1 password of the list is used in place of [source.admin]",
    )


def test_in_one_tree_for_all_the_root_names_the_mailbox(desk: Desk) -> None:
    like = f'name = "like"\n{SOURCE}{BY_ADMIN.replace("{style}", "{admin}")}{EXCHANGE}'
    text = (
        f"{HEADER},UserRoot\nterry@new.example,mailadmin,word,/users/terry\nann@new.example,mailadmin,word,/users/ann\n"
    )
    assert [(mailbox.source, mailbox.root, mailbox.password) for mailbox in desk.batch(text, like).mailboxes] == [
        ("terry", "/users/terry", None),
        ("ann", "/users/ann", None),
    ]
    desk.out.unlink()
    alike = desk.batch(text.replace("/users/ann", "/guests/terry"), like)
    assert [mailbox.source for mailbox in alike.mailboxes] == ["users/terry", "guests/terry"]


def test_a_table_of_imapsyncs_columns_is_one_of_a_spreadsheet(desk: Desk) -> None:
    text = (
        'user2,host2,password2,user1,host1,password1\nann@new.example,imap.new.example,"n,1",ann,imap.old.example,o\n'
    )
    batch = desk.batch(text, f'name = "like"\n{SOURCE}{TO_IMAP}')
    assert logins(batch) == {"ann": ("ann@new.example", None, "o")}
    assert destination_login(batch, batch.mailboxes[0]).secret().reveal() == "n,1"


def test_imapsyncs_password_of_the_destination_is_not_needed_where_an_account_writes_into_all(desk: Desk) -> None:
    made = desk.make("imap.old.example;ann;o;outlook.example;ann@new.example;n;\n")
    assert load(desk.out).mailboxes[0].destination_password is None
    assert "n" not in desk.passwords.read_text().split('"')
    assert made.notes[0] == (
        "1 password of the list is for the destination left out: the account of [destination] writes into all"
    )


@pytest.mark.parametrize(
    ("text", "password"),
    [
        (f"sep=;\r\n{HEADER.replace(',', ';')}\r\nann@new.example;ann;a,b\r\n", "a,b"),
        ("EmailAddress, UserName, Password\nann@new.example, ann, secret\n", "secret"),
        (f'{HEADER}\nann@new.example , ann ," blank "\n', " blank "),
        ("emailaddress,USERNAME,Password,,\n ann@new.example,ann,secret,,\n", "secret"),
        (f'{HEADER}\r\nann@new.example,ann,"a ""b"" c"\r\n,,\r\n\r\n', 'a "b" c'),
        (f"{HEADER}\nann@new.example,ann,=1+1\n", "=1+1"),
        (f"{HEADER}\nann@new.example,ann,+-@\n", "+-@"),
        (f"{HEADER.replace(',', chr(9))}\nann@new.example\tann\ta,b;c\n", "a,b;c"),
    ],
)
def test_what_spreadsheets_write_is_understood(desk: Desk, text: str, password: str) -> None:
    assert logins(desk.batch(text)) == {"ann": ("ann@new.example", None, password)}


def test_what_may_be_a_slip_is_told(desk: Desk) -> None:
    made = desk.make(f"{HEADER}\nann@new.example,ann, x\nbob@new.example,bob,1.23E+11\n")
    assert made.notes[:2] == (
        "line 2: Password begins or ends with a blank, which is kept",
        "line 3: Password looks like a number that Excel has rounded",
    )
    desk.out.unlink()
    desk.passwords.unlink()
    bare = desk.make("imap.old.example;ann;a\\b;h;ann@new.example;;\n")
    assert bare.notes[0] == "line 1: password1 has a backslash, which is kept (a shell's `read` takes it away)"


# --- what is wrong ------------------------------------------------------------------------------------------------

ANN = "ann@new.example,ann,word"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["list.csv: is empty; it needs a header and one row for each mailbox"]),
        ("\n,,,\n", ["list.csv: is empty; it needs a header and one row for each mailbox"]),
        (f"{HEADER}\n", ["list.csv: has no row below its header; write one for each mailbox"]),
        (
            "name,mail\nann,ann@new.example\n",
            [
                (
                    "list.csv: line 1: is the beginning of no list that is known; allowed: Microsoft's header "
                    "EmailAddress,UserName,Password[,UserRoot], or imapsync's lines "
                    "host1;user1;password1;host2;user2;password2;"
                )
            ],
        ),
        (
            f"Email Address,UserName,Password,UserRot,Quota\n{ANN},,\n",
            [
                'list.csv: line 1: unknown column "Email Address"; did you mean EmailAddress?',
                'list.csv: line 1: unknown column "UserRot"; did you mean UserRoot?',
                'list.csv: line 1: unknown column "Quota"; allowed: EmailAddress, UserName, Password, UserRoot',
            ],
        ),
        (
            f"EmailAddress,UserName,UserName\n{ANN}\n",
            [
                "list.csv: line 1: has two columns UserName; leave one out",
                "list.csv: line 1: has no column Password; write it as it stands here",
            ],
        ),
        (
            f"{HEADER}\n{ANN}\nbob@new.example,bob\n\ncarol@new.example,carol,a,b\n",
            [
                "list.csv: line 3: has 2 fields where the header has 3; a value with the separator in it needs quotes",
                "list.csv: line 5: has 4 fields where the header has 3; a value with the separator in it needs quotes",
            ],
        ),
        (
            f"{HEADER}\n{ANN}\nANN@new.example,anna,word\nbob@new.example,ann,word\n",
            [
                'list.csv: line 3: EmailAddress: "ANN@new.example" is on line 2 already; give each mailbox once',
                'list.csv: line 4: UserName: "ann" is on line 2 already; give each mailbox once',
            ],
        ),
        (
            f"{HEADER},UserRoot\n{ANN},/users/ann\nbob@new.example,ann,word,/users/bob\n",
            [
                (
                    'list.csv: line 3: UserName: "ann" is on line 2 already; one login for all goes into '
                    '[source.admin], with style = "{admin}"'
                )
            ],
        ),
        (
            f"{HEADER}\n{ANN}\nbob,bob,\n,carol,word\n",
            [
                'list.csv: line 3: Password: is empty for "bob"; give it, or let one [source.admin] sign in for all',
                (
                    'list.csv: line 3: EmailAddress: "bob" is no address; allowed: a mail address such as '
                    '"ann@new.example"'
                ),
                'list.csv: line 4: EmailAddress: is empty; leave the key out or give it a value (mailbox "carol")',
            ],
        ),
        (
            f'{HEADER}\n{ANN}\nbob@new.example,bob,"word\n',
            [
                (
                    "list.csv: line 3: a quotation mark is wrong or never closed; a value with one in it is written in "
                    'quotes, with each doubled: "like ""this"""'
                )
            ],
        ),
        (
            f'{HEADER}\n{ANN}\n=A2,bob,word\nc@new.example,#NAME?,word\nd@new.example,d,"=""007"""\n',
            [
                'list.csv: line 3: EmailAddress: "=A2" is a formula; save the list with values in its place',
                "list.csv: line 4: UserName: #NAME? is what Excel wrote over the value; format the column as text",
                "list.csv: line 5: Password: is a formula; save the list with values in its place",
            ],
        ),
        (
            f'{HEADER}\n{ANN}\nbob@new.example,bob,"two\nlines"\ncarol@new.example,carol,#REF!\n',
            [
                "list.csv: line 3: Password: holds a control character; allowed: text on one line",
                "list.csv: line 5: Password: #REF! is what Excel wrote over the value; format the column as text",
            ],
        ),
        (
            f"{HEADER},\n{ANN},x\n",
            ["list.csv: line 2: has a value in a column without a name; name the column or leave it out"],
        ),
        (
            (
                "# a comment\n\nimap.old.example;ann;word;h\nimap.old.example;bob;word;h;bob@new.example;;--dry;\n"
                'imap.old.example;eve;"word";h;eve@new.example;;\n'
            ),
            [
                "list.csv: line 3: has 4 fields; allowed: host1;user1;password1;host2;user2;password2;",
                "list.csv: line 4: has options of imapsync after password2; take them away, [options] are the batch's",
                (
                    "list.csv: line 5: password1: begins with a quotation mark; in imapsync's lines it belongs to the "
                    "value; with a header above, it encloses one"
                ),
            ],
        ),
        (
            (
                "imap.old.example;ann;w;h;ann@new.example;;\nother.example;bob;w;h;bob@new.example;;\n"
                "other.example;eve;w;h;eve@new.example;;\n"
            ),
            [
                (
                    'list.csv: line 2: host1: "other.example" (and on 1 more) is another server; [source] is '
                    '"imap.old.example"; make a batch of its own for each server'
                )
            ],
        ),
    ],
)
def test_every_problem_is_told_with_its_line(desk: Desk, text: str, problems: list[str]) -> None:
    assert desk.problems(text) == problems


def test_more_rows_or_bytes_than_microsoft_allows_are_refused(desk: Desk) -> None:
    rows = "".join(f"u{number}@new.example,u{number},w\n" for number in range(MOST_ROWS + 1))
    assert desk.problems(f"{HEADER}\n{rows}") == [
        f"list.csv: line {MOST_ROWS + 2}: is row 50,001; divide the list into several batches"
    ]
    assert desk.problems(b"x" * (LARGEST + 1)) == ["list.csv: is larger than 10 MB; divide it into several batches"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            f"{HEADER}\nj\xf6rg@new.example,j,w\n".encode("latin-1"),
            'line 2: is not UTF-8; save the file as "CSV UTF-8"',
        ),
        (b"\xff\xfeE", "is broken UTF-16; save it as UTF-8"),
        (b"Email\0Address,UserName\n", "line 1: holds a NUL character; is it a CSV?"),
    ],
)
def test_passwords_are_never_guessed_from_another_encoding(desk: Desk, data: bytes, problem: str) -> None:
    assert desk.problems(data) == [f"list.csv: {problem}"]


def test_the_problems_of_both_files_are_told_at_once(desk: Desk) -> None:
    broken = TEMPLATE.replace("imap.old.example", "imap old").replace("[destination]", '[destination]\naccess = "all"')
    assert desk.problems(f"{HEADER}\nann,ann,w\n", broken) == [
        'like.toml: source.host: is no host name; allowed: a name or an address alone, such as "imap.old.example"',
        'like.toml: destination.access: "all" is not known; allowed: "impersonation", "delegate" or "direct"',
        'list.csv: line 2: EmailAddress: "ann" is no address; allowed: a mail address such as "ann@new.example"',
    ]
    assert desk.problems("User,Mail\n", broken)[1:] == [
        'like.toml: source.host: is no host name; allowed: a name or an address alone, such as "imap.old.example"',
        'like.toml: destination.access: "all" is not known; allowed: "impersonation", "delegate" or "direct"',
    ]


def test_a_column_that_the_list_cannot_have_is_told_once(desk: Desk) -> None:
    direct = TEMPLATE.replace('username = "svc"\npassword = "env:SVC"', 'access = "direct"')
    assert desk.problems(f"{HEADER}\nann@new.example,ann,w\nbob@new.example,bob,w\n", direct) == [
        (
            'list.csv: line 2: destination_password: is missing for "ann"; access = "direct" needs it; allowed: a '
            'secret reference such as "env:ANN_NEW_PASSWORD"; this list has no column for it'
        )
    ]


def test_nothing_is_overwritten(desk: Desk) -> None:
    desk.out.write_text("mine")
    desk.passwords.write_text("mine, too")
    with pytest.raises(BatchFileError) as raised:
        desk.make(f"{HEADER}\nann@new.example,ann,w\n")
    there = "is there already, and is not overwritten; name another file with --out"
    assert list(raised.value.problems) == [f"{desk.out}: {there}", f"{desk.passwords}: {there}"]
    assert (desk.out.read_text(), desk.passwords.read_text()) == ("mine", "mine, too")


def test_the_new_file_is_called_as_a_batch_may_be(desk: Desk) -> None:
    desk.out = desk.out.with_name("wave 1.txt")
    problems = desk.problems(f"{HEADER}\nann@new.example,ann,w\n")
    assert problems == [
        (
            'wave 1.txt: name: "wave 1" is no name for a batch; allowed: 1 to 64 of A-Z a-z 0-9 . _ -, such as '
            '"sales-wave-1"'
        ),
        "wave 1.txt: is no name for a batch file; let it end in .toml",
    ]


def test_nothing_is_left_where_the_batch_cannot_be_saved(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        assert desk.passwords.exists()
        raise BatchFileError("no space")

    monkeypatch.setattr("core.batch.import_list.save", full)
    assert desk.problems(f"{HEADER}\nann@new.example,ann,w\n") == ["no space"]


def test_a_folder_that_is_not_there_is_told(desk: Desk) -> None:
    desk.out = desk.out.parent / "nowhere/wave-1.toml"
    with pytest.raises(SecretError, match=r"nowhere/wave-1\.passwords\.toml: cannot be written: No such file"):
        desk.make(f"{HEADER}\nann@new.example,ann,w\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_problem_and_no_note_shows_a_password(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    secret = "hunter2swordfish"
    cell = st.sampled_from([secret, "ann", "ann@new.example", "", f'"{secret}', "=x", "a;b", "\x1b[31m", "#NAME?"])
    rows = data.draw(st.lists(st.lists(cell, min_size=2, max_size=4).map(",".join), max_size=4))
    rows = [f"a@x.example,b,{secret}", *(row for row in rows if secret not in "".join(row.split(",")[:2]))]
    header = data.draw(st.sampled_from([HEADER, f"{HEADER},UserRoot", "EmailAddress,User,Password"]))
    try:
        told: Sequence[str] = desk.make("\n".join([header, *rows])).notes
    except UserError as error:
        told = error.problems
    assert not any(secret in line for line in told)
    assert secret not in (desk.out.read_text() if desk.out.exists() else "")


# --- the file of secrets ------------------------------------------------------------------------------------------


def test_what_a_file_of_secrets_holds_is_never_changed(tmp_path: Path) -> None:
    path = tmp_path / "wave.passwords.toml"
    assert keep(path, [("ann", Secret("one")), ("bob", Secret("two"))]) == [
        f"file:{path.name}#ann",
        f"file:{path.name}#bob",
    ]
    again = keep(path, [("ann", Secret("one")), ("bob", Secret("new")), ("bob", Secret("new")), ("#a\n", Secret("x"))])
    assert again == [f"file:{path.name}#{key}" for key in ("ann", "bob (2)", "bob (2)", "_a_")]
    assert path.read_text() == 'ann = "one"\nbob = "two"\n"bob (2)" = "new"\n_a_ = "x"\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_secrets_that_others_read_is_not_added_to(tmp_path: Path) -> None:
    path = tmp_path / "wave.passwords.toml"
    path.write_text('ann = "one"\n')
    path.chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        keep(path, [("bob", Secret("two"))])
    assert path.read_text() == 'ann = "one"\n'
