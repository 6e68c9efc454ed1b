from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.batch.definition import Admin, Batch, EwsDestination, ImapDestination, Mailbox, Options, SourceEndpoint
from core.errors import UserError
from core.mail.key import PairId

EXCHANGE = EwsDestination(url="https://Mail.new.example/EWS/Exchange.asmx", username="svc", password="env:SVC")
ADMIN = Admin(username="migrator", password="env:ADMIN")
SOURCE = SourceEndpoint(host="imap.old.example", admin=ADMIN)


def batch(*mailboxes: Mailbox, source: SourceEndpoint = SOURCE) -> Batch:
    return Batch(
        name="wave-1",
        source=source,
        destination=EXCHANGE,
        mailboxes=mailboxes or (Mailbox(source="ann", destination="ann@new.example"),),
    )


def test_it_can_be_made_without_a_file() -> None:
    options = Options(sync_every=0.5, settle=0.2, max_message_size=10, received_since=datetime(2024, 1, 1, tzinfo=UTC))
    assert (options.sync_every, options.settle, options.max_message_size) == (0.5, 0.2, 10)
    assert batch().file == Path("wave-1.toml").absolute()


def test_a_batch_made_wrongly_is_refused_and_shows_no_secret() -> None:
    with pytest.raises(ValidationError) as raised:
        Mailbox(source="ann", destination="ann@new.example", password="hunter2")
    assert "hunter2" not in str(raised.value)
    with pytest.raises(ValidationError, match="is missing for"):
        batch(source=SourceEndpoint(host="imap.old.example"))


def test_a_batch_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        batch().name = "other"


@pytest.mark.parametrize(
    ("endpoint", "port", "identity"),
    [
        (SourceEndpoint(host="Imap.Old.example."), 993, "imap.old.example"),
        (SourceEndpoint(host="imap.old.example", security="starttls"), 143, "imap.old.example"),
        (SourceEndpoint(host="imap.old.example", security="none", port=993), 993, "imap.old.example"),
        (SourceEndpoint(host="imap.old.example", port=1143), 1143, "imap.old.example:1143"),
        (SourceEndpoint(host="::1", port=1143), 1143, "[::1]:1143"),
        (ImapDestination(host="new.example", identity="the new one", port=1), 1, "the new one"),
    ],
)
def test_ports_and_identities_follow_from_the_host(
    endpoint: SourceEndpoint | ImapDestination, port: int, identity: str
) -> None:
    assert (endpoint.port, endpoint.identity) == (port, identity)


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("https://Mail.new.example/EWS/Exchange.asmx", "mail.new.example"),
        ("https://mail.new.example:443/x", "mail.new.example"),
        ("https://mail.new.example:444/x", "mail.new.example:444"),
        ("http://127.0.0.1:8080/EWS/Exchange.asmx", "127.0.0.1:8080"),
        ("http://localhost/EWS", "localhost"),
        ("https://[::1]:444/EWS", "[::1]:444"),
    ],
)
def test_an_exchanges_identity_follows_from_its_url(url: str, identity: str) -> None:
    assert EwsDestination(url=url).identity == identity


def test_an_identity_stays_when_the_host_changes() -> None:
    moved = SOURCE.model_copy(update={"host": "imap2.old.example"})
    assert moved.identity == "imap.old.example"


def test_the_pair_is_what_the_ledger_knows_a_mailbox_as() -> None:
    ann = Mailbox(source="Ann", destination="Ann@New.example")
    pair = batch(ann).pair(ann)
    assert pair == PairId("imap.old.example", "Ann", "mail.new.example", "ann@new.example")


def test_paths_start_beside_the_batch_file() -> None:
    placed = batch().at(Path("/etc/waves/one.toml"))
    assert placed.file == Path("/etc/waves/one.toml")
    assert placed.beside(Path("ca.pem")) == Path("/etc/waves/ca.pem")
    assert placed.beside(Path("/ca.pem")) == Path("/ca.pem")
    assert batch().file != placed.file
    assert batch().at(Path("one.toml")).file == Path.cwd() / "one.toml"


ANN = Mailbox(source="ann", destination="Ann.B@new.example")
BOB = Mailbox(source="bob", destination="ann2@new.example")
CAROL = Mailbox(source="ann2@new.example", destination="carol@new.example")


def test_a_mailbox_by_its_source() -> None:
    assert batch(ANN, BOB).mailbox("bob") is BOB
    assert batch(ANN, BOB).mailbox("Bob") is None


def test_mailboxes_are_named_by_source_or_destination() -> None:
    three = batch(ANN, BOB, CAROL)
    assert three.select(["bob", "ANN.b@new.example"]) == (ANN, BOB)
    assert three.select(["ann", "ann", "Ann.B@new.example"]) == (ANN,)
    assert three.select([]) == ()
    # A source login goes before a destination address.
    assert three.select(["ann2@new.example"]) == (CAROL,)


def test_every_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError) as raised:
        batch(ANN, BOB).select(["ann", "bobb", "\x1b[2Jzzzzzzzzzzzz"])
    assert list(raised.value.problems) == [
        '"bobb" is no mailbox of batch wave-1; did you mean "bob"?',
        '"␛[2Jzzzzzzzzzzzz" is no mailbox of batch wave-1; name its source login or its destination address',
    ]


def test_what_must_stay_visible() -> None:
    assert batch().warnings() == ()
    unverified = batch(source=SOURCE.model_copy(update={"verify_certificate": False}))
    assert unverified.warnings() == (
        "certificate not verified: anyone in between can read and alter mail, source imap.old.example",
    )
    plain = batch(source=SOURCE.model_copy(update={"security": "none"})).model_copy(
        update={"destination": EXCHANGE.model_copy(update={"url": "http://mail/x"})}
    )
    assert plain.warnings() == (
        "unprotected: passwords and mail cross the network as they are, source imap.old.example",
        "unprotected: passwords and mail cross the network as they are, destination http://mail/x",
    )
    both = batch().model_copy(update={"destination": EXCHANGE.model_copy(update={"verify_certificate": False})})
    assert [line.rpartition(", ")[2].partition(":")[0] for line in both.warnings()] == ["destination https"]
