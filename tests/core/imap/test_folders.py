from collections.abc import Callable, Iterator

import pytest

from core.imap import folders as folders_module
from core.imap.connection import Address, Connection, SignIn, Timeouts
from core.imap.folders import Place, namespace_of, personal_folders, wire_name
from core.imap.listing import Namespace, namespaces
from core.mail.folder import FolderPath, Role
from core.ports.failure import Action, EndpointError, Side
from core.secret import Secret
from tests.servers.dovecot import Dovecot
from tests.servers.mail import quoted, sure
from tests.servers.scripted import Answer, Scripted

Open = Callable[..., Connection]


@pytest.fixture
def opened() -> Iterator[Open]:
    made = []

    def make(server: Dovecot | Scripted, user: str = "ann") -> Connection:
        address = Address(server.host, server.port, "none")
        made.append(Connection(address, SignIn(user, lambda: Secret("secret")), Side.SOURCE, Timeouts(5, 20)))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


def told(places: list[Place]) -> dict[str, tuple[bytes, Role | None, bool, bool]]:
    return {str(p.path): (p.listed.name, p.role, p.listed.selectable, p.listed.subscribed) for p in places}


@pytest.fixture(params=["/", "INBOX."])
def server(request: pytest.FixtureRequest) -> Dovecot:
    found: Dovecot = request.getfixturevalue("dovecot" if request.param == "/" else "dovecot_dot")
    return found


def test_real_folders_with_either_namespace(server: Dovecot, opened: Open, user: str) -> None:
    sep, prefix = server.separator, server.prefix
    names = ["Projects", f"Projects{sep}Old", "Entw&APw-rfe", 'Quo"te', "back\\slash", "0123", "NIL", "a%b*c", "Archiv"]
    with server.client(user) as client:
        for name in names:
            sure(client.create(quoted(prefix + name)))
        sure(client.subscribe(quoted(prefix + "Projects")))
    found = told(personal_folders(opened(server, user)))
    wire = prefix.encode()
    assert found == {
        "INBOX": (b"INBOX", Role.INBOX, True, False),
        "0123": (wire + b"0123", None, True, False),
        "Archiv": (wire + b"Archiv", Role.ARCHIVE, True, False),
        "Drafts": (wire + b"Drafts", Role.DRAFTS, True, True),
        "Entwürfe": (wire + b"Entw&APw-rfe", None, True, False),
        "NIL": (wire + b"NIL", None, True, False),
        "Projects": (wire + b"Projects", None, True, True),
        "Projects/Old": (wire + b"Projects" + sep.encode() + b"Old", None, True, False),
        'Quo"te': (wire + b'Quo"te', None, True, False),
        "Sent": (wire + b"Sent", Role.SENT, True, True),
        "Trash": (wire + b"Trash", Role.TRASH, True, True),
        "a%b*c": (wire + b"a%b*c", None, True, False),
        "back\\slash": (wire + b"back\\slash", None, True, False),
    }


def test_without_extensions_the_same_comes_from_list_and_lsub(
    make_dovecot: Callable[..., Dovecot], dovecot_dot: Dovecot, opened: Open, user: str
) -> None:
    plain = make_dovecot(separator=".", prefix="INBOX.", without=("LIST-EXTENDED", "SPECIAL-USE", "NAMESPACE"))
    for server in (plain, dovecot_dot):
        with server.client(user) as client:
            sure(client.create("INBOX.a"))
            sure(client.create("INBOX.a.b"))
            sure(client.subscribe("INBOX.a.b"))
    assert told(personal_folders(opened(plain, user))) == told(personal_folders(opened(dovecot_dot, user)))


def test_namespaces(dovecot: Dovecot, dovecot_dot: Dovecot, opened: Open, user: str) -> None:
    assert namespaces(opened(dovecot, user)).personal == (Namespace(b"", b"/"),)
    assert namespace_of(opened(dovecot_dot, user)) == Namespace(b"INBOX.", b".")


def scripted(listing: bytes, namespace: bytes = b"", **more: Answer) -> Scripted:
    offers = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN" + (b" NAMESPACE" if namespace else b"")
    script: dict[str, Answer] = {
        "CAPABILITY": offers + b"\r\nTAG OK done\r\n",
        "NAMESPACE": b"* NAMESPACE " + namespace + b"\r\nTAG OK done\r\n",
        "LIST": b"".join(b"* LIST %b\r\n" % line for line in listing.splitlines()) + b"TAG OK done\r\n",
    }
    return Scripted({**script, **more})


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        (b'(("" "/")) NIL NIL', [Namespace(b"", b"/")]),
        (b'(("INBOX." ".")("#mbox/" "/")) (("user." ".")) (("" "."))', None),
        (b'(("" "/" "X-PARAM" ("FLAG1" "FLAG2")) ("x" NIL)) NIL NIL', [Namespace(b"", b"/"), Namespace(b"x", b"")]),
        (b'((NIL "\\\\")) NIL NIL', [Namespace(b"", b"\\")]),
        (b'NIL (("user." ".")) NIL', []),
        (b'(({6}\r\nINBOX. ".")) NIL NIL', [Namespace(b"INBOX.", b".")]),
    ],
)
def test_namespace_answers(opened: Open, namespace: bytes, expected: list[Namespace] | None) -> None:
    with scripted(b"", namespace) as server:
        connection = opened(server)
        found = namespaces(connection).personal
        connection.close()
    assert list(found) == (
        expected or [Namespace(b"INBOX.", b"."), Namespace(b"#mbox/", b"/")] if expected != [] else []
    )


def listed(
    opened: Open, listing: bytes, namespace: bytes = b'(("" "/")) NIL NIL', root: str | None = None
) -> list[Place]:
    with scripted(listing, namespace) as server:
        connection = opened(server)
        places = personal_folders(connection, root)
        connection.close()
    return places


def test_broken_names_are_kept_and_told_apart(opened: Open) -> None:
    places = listed(
        opened,
        b'() "/" "Smith &- Sons"\n() "/" "Smith & Sons"\n() "/" A&***-b\n() "/" "Entw\xc3\xbcrfe"\n'
        b'() "/" Entw&APw-rfe\n() "/" "in"ner"\n() "/" "trailing/"\n() NIL "flat/name"\n() "/" "Entw\xfcrfe"',
    )
    names = {p.listed.name: str(p.path) for p in places}
    assert names[b"Smith &- Sons"] == "Smith & Sons"
    assert names[b"Smith & Sons"].startswith("Smith & Sons (")
    assert names[b"Entw&APw-rfe"] == "Entwürfe"
    assert names[b"Entw\xc3\xbcrfe"].startswith("Entwürfe (")
    assert names[b"A&***-b"] == "A&***-b"
    assert names[b'in"ner'] == 'in"ner'
    assert names[b"trailing/"] == "trailing"
    assert names[b"flat/name"] == "flat\\/name"
    assert len({p.path for p in places}) == len(places) == 9


def test_a_line_that_cannot_be_read_is_an_error_never_a_missing_folder(opened: Open) -> None:
    with pytest.raises(EndpointError) as caught:
        listed(opened, b'() "/" a\nwhatever')
    assert caught.value.failure.code == "GARBLED"


def test_no_folder_at_all_is_an_error_never_an_empty_mailbox(opened: Open) -> None:
    with pytest.raises(EndpointError) as caught:
        listed(opened, b"")
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "NO-FOLDERS")


def test_names_as_literals(opened: Open) -> None:
    with scripted(b"", LIST=b'* LIST () "/" {4}\r\na\r\nb\r\nTAG OK done\r\n') as server:
        connection = opened(server)
        (place,) = personal_folders(connection)
        connection.close()
    assert place.listed.name == b"a\r\nb"


def test_gmail(opened: Open) -> None:
    places = listed(
        opened,
        b'(\\HasNoChildren) "/" "INBOX"\n(\\HasChildren \\Noselect) "/" "[Gmail]"\n'
        b'(\\All \\HasNoChildren) "/" "[Gmail]/Alle Nachrichten"\n(\\HasNoChildren \\Sent) "/" "[Gmail]/Gesendet"\n'
        b'(\\Flagged \\HasNoChildren) "/" "[Gmail]/Markiert"\n(\\HasNoChildren \\Important) "/" "[Gmail]/Wichtig"\n'
        b'(\\HasNoChildren \\Trash) "/" "[Gmail]/Papierkorb"\n(\\HasNoChildren) "/" "Label"',
    )
    assert {str(p.path) for p in places if p.view} == {
        *("[Gmail]/Alle Nachrichten", "[Gmail]/Markiert", "[Gmail]/Wichtig")
    }
    assert {str(p.path): p.role for p in places if p.role} == {
        "INBOX": Role.INBOX,
        "[Gmail]/Gesendet": Role.SENT,
        "[Gmail]/Papierkorb": Role.TRASH,
    }
    assert [str(p.path) for p in places if not p.listed.selectable] == ["[Gmail]"]


def test_only_the_personal_namespace_is_asked_for(opened: Open) -> None:
    with scripted(b'() "." INBOX', b'(("INBOX." ".")) (("user." ".")) (("" "."))') as server:
        connection = opened(server)
        places = personal_folders(connection)
        connection.close()
    assert [command for command in server.seen if command.startswith("LIST")] == [
        'LIST "" "INBOX"',
        'LIST "" "INBOX.*"',
    ]
    assert [str(place.path) for place in places] == ["INBOX"]


def test_folders_of_others_are_left_alone(opened: Open) -> None:
    places = listed(
        opened,
        b'() "/" INBOX\n() "/" Work\n(\\Noselect) "/" "Other Users"\n() "/" "Other Users/bob"\n'
        b'(\\Noselect) "/" Shared\n() "/" Shared/all\n() "/" Shared/mine/x\n() "/" Sharedness',
        b'(("" "/")("Shared/mine/" "/")) (("Other Users/" "/")) (("Shared/" "/"))',
    )
    assert [str(place.path) for place in places] == ["INBOX", "Sharedness", "Work", "x"]


def test_a_listing_that_is_offered_but_not_understood_is_made_plainly(opened: Open) -> None:
    script: dict[str, Answer | list[Answer]] = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN LIST-EXTENDED\r\nTAG OK done\r\n",
        "LIST": [b"TAG BAD what\r\n", b'* LIST () "/" INBOX\r\nTAG OK done\r\n'],
    }
    with Scripted(script) as server:
        assert [str(place.path) for place in personal_folders(opened(server))] == ["INBOX"]
    assert [said for said in server.seen if said.startswith("LIST")] == [
        'LIST "" "*" RETURN (SUBSCRIBED)',
        'LIST "" "*"',
    ]


def test_an_inbox_below_the_inbox_is_another_folder(opened: Open) -> None:
    places = listed(opened, b'() "." INBOX\n() "." INBOX.INBOX\n() "." INBOX.inbox.x', b'(("INBOX." ".")) NIL NIL')
    names = {p.listed.name: (str(p.path), p.role) for p in places}
    assert names[b"INBOX"] == ("INBOX", Role.INBOX)
    assert names[b"INBOX.INBOX"][0].startswith("INBOX (")
    assert names[b"INBOX.INBOX"][1] is None


TREE = (
    b'(\\Noselect) "/" users\n() "/" users/ann\n() "/" users/ann/Sent\n() "/" users/ann/Work/x\n'
    b'() "/" users/anna\n() "/" users/anna/Sent\n() "/" INBOX'
)


def test_root_is_where_the_users_folders_hang(opened: Open) -> None:
    places = listed(opened, TREE, root="/users/ann/")
    assert {str(p.path): (p.listed.name, p.role) for p in places} == {
        "INBOX": (b"users/ann", Role.INBOX),
        "Sent": (b"users/ann/Sent", Role.SENT),
        "Work/x": (b"users/ann/Work/x", None),
    }


def test_a_root_with_an_inbox_of_its_own(opened: Open) -> None:
    places = listed(opened, TREE + b'\n() "/" users/ann/INBOX', root="users/ann")
    assert {p.listed.name: str(p.path) for p in places}[b"users/ann/INBOX"] == "INBOX"
    assert {p.listed.name: str(p.path) for p in places}[b"users/ann"] == "ann"


def test_a_root_that_is_not_there_stops_the_mailbox(opened: Open) -> None:
    with pytest.raises(EndpointError, match="no folder at or below users/bob"):
        listed(opened, TREE, root="users/bob")


def test_a_root_at_a_real_server(dovecot_dot: Dovecot, opened: Open, user: str) -> None:
    with dovecot_dot.client(user) as client:
        for name in ("INBOX.users.ann.Sent", "INBOX.users.bob.Sent"):
            sure(client.create(name))
    found = told(personal_folders(opened(dovecot_dot, user), "INBOX/users/ann"))
    assert found == {"Sent": (b"INBOX.users.ann.Sent", Role.SENT, True, False)}


def test_a_refused_listing_is_an_error(opened: Open) -> None:
    with scripted(b"", LIST=b"TAG NO [UNAVAILABLE] later\r\n") as server:
        connection = opened(server)
        with pytest.raises(EndpointError) as caught:
            personal_folders(connection)
        connection.close()
    assert caught.value.failure.action is Action.WAIT


@pytest.mark.parametrize(
    ("path", "space", "expected"),
    [
        ("inbox", Namespace(b"INBOX.", b"."), b"INBOX"),
        ("Sent", Namespace(b"INBOX.", b"."), b"INBOX.Sent"),
        ("Entwürfe/x", Namespace(b"", b"/"), b"Entw&APw-rfe/x"),
        ("a.b", Namespace(b"", b"/"), b"a.b"),
        ("a.b", Namespace(b"INBOX.", b"."), None),
        ("a\\/b", Namespace(b"", b"/"), None),
        ("a/b", Namespace(b"", b""), None),
        ("a", Namespace(b"", b""), b"a"),
    ],
)
def test_the_name_of_a_path(path: str, space: Namespace, expected: bytes | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="cannot be named"):
            wire_name(FolderPath.parse(path), space)
    else:
        assert wire_name(FolderPath.parse(path), space) == expected


def test_a_guess_is_made_only_where_all_say_so(opened: Open) -> None:
    assert [str(p.path) for p in listed(opened, b'() "." INBOX\n() "." INBOX.a\n() "." b', b"")] == [
        "INBOX",
        "INBOX/a",
        "b",
    ]
    assert [str(p.path) for p in listed(opened, b'() "." INBOX\n() "." INBOX.a', b"")] == ["INBOX", "a"]
    assert [str(p.path) for p in listed(opened, b'() "/" INBOX\n() "/" INBOX/a', b"")] == ["INBOX", "INBOX/a"]
    assert folders_module._guessed([]) == ()
