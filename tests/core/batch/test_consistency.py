"""Keys that need, exclude or repeat one another."""

from core.batch.load import parse
from tests.batch_text import EXCHANGE, FILE, GOOD, MAILBOX, SOURCE, problems


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
