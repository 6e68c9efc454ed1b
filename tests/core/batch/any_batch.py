"""Any batch at all, for tests that ask whether something holds for all of them."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st

from core.batch.definition import Admin, Batch, EwsDestination, ImapDestination, Mailbox, Options, SourceEndpoint
from core.batch.hours import Hours
from core.batch.words import LARGEST_SIZE, LONGEST_DURATION, SLOWEST
from core.mail.folder import FolderPath

letters = st.characters(exclude_categories=["Cs", "Cc"])
texts = st.text(letters, min_size=1, max_size=12).map(str.strip).filter(bool)
hosts = st.from_regex(r"[a-z][a-z0-9-]{0,8}(\.[a-z]{1,5}){0,2}", fullmatch=True) | st.just("::1")
references = st.one_of(
    st.from_regex(r"env:[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True),
    st.builds(
        "file:{}#{}".format, texts.filter(lambda text: "#" not in text), texts.filter(lambda text: "#" not in text)
    ),
    st.builds("prompt:{}".format, texts),
    st.sampled_from(["command:pass show 'a b' {user}", "file:pw"]),
)
securities = st.sampled_from(["tls", "starttls", "none"])
ports = st.integers(1, 65_535)


Endpoint = TypeVar("Endpoint", SourceEndpoint, ImapDestination)


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def imap(draw: st.DrawFn, kind: type[Endpoint]) -> Endpoint:
    given_keys: dict[str, Any] = {"host": draw(hosts), "security": draw(securities)}
    for key, strategy in (("port", ports), ("identity", texts), ("max_connections", st.integers(2, 1000))):
        if draw(st.booleans()):
            given_keys[key] = draw(strategy)
    if draw(st.booleans()):
        given_keys["admin"] = Admin(
            username=draw(texts),
            password=draw(references),
            style=draw(st.sampled_from(["authzid", "{user}*{admin}", "REALM\\{admin}\\{user}"])),
        )
    if given_keys["security"] != "none" and draw(st.booleans()):
        given_keys["ca_file"] = Path(draw(texts))
    elif draw(st.booleans()):
        given_keys["verify_certificate"] = draw(st.booleans())
    return kind(**given_keys)


@st.composite
def exchange(draw: st.DrawFn) -> EwsDestination:
    host, port = draw(hosts.filter(lambda host: ":" not in host)), draw(optional(ports))
    given_keys: dict[str, Any] = {
        "url": f"https://{host}{'' if port is None else f':{port}'}/EWS/Exchange.asmx",
        "access": draw(st.sampled_from(["impersonation", "delegate", "direct"])),
        "auth": draw(st.sampled_from(["basic", "ntlm"])),
        "verify_certificate": draw(st.booleans()),
    }
    if given_keys["access"] != "direct":
        given_keys |= {"username": draw(texts), "password": draw(references)}
    if draw(st.booleans()):
        given_keys["identity"] = draw(texts)
    return EwsDestination(**given_keys)


folders = st.lists(texts.map(lambda name: name.replace("\\", "/")), min_size=1, max_size=3).map(
    lambda parts: str(FolderPath.of(*parts))
)
durations = st.floats(0.001, LONGEST_DURATION) | st.integers(1, 10**6).map(float)
before_2000 = st.datetimes(max_value=datetime(1999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
midnights = st.dates(date(2000, 1, 1)).map(lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC))
minutes = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
hours = st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Hours(*pair))
options = st.builds(
    Options,
    max_message_size=st.integers(1, LARGEST_SIZE),
    max_items_per_mailbox=st.integers(1, 2**31),
    include_folders=st.lists(folders, max_size=3).map(tuple),
    exclude_folders=st.lists(folders, max_size=3).map(tuple),
    received_since=optional(before_2000),
    received_before=optional(midnights),
    skip_deleted=st.booleans(),
    read_receipts=st.sampled_from(["off", "keep"]),
    rejected_limit=st.integers(0, 2**31),
    mailboxes_at_once=st.integers(1, 500),
    bandwidth=optional(st.integers(SLOWEST, LARGEST_SIZE)),
    active_hours=optional(hours),
    sync_every=durations,
    give_up_after=durations,
    settle=optional(durations),
    folder_map=st.lists(st.tuples(folders, folders), max_size=3, unique_by=lambda pair: FolderPath.parse(pair[0])).map(
        dict
    ),
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    source, destination = draw(imap(SourceEndpoint)), draw(exchange() | imap(ImapDestination))
    ews = isinstance(destination, EwsDestination)
    own = destination.access == "direct" if isinstance(destination, EwsDestination) else not destination.admin
    domain = "new.example" if ews else "other.example"
    mailboxes = tuple(
        Mailbox(
            source=login,
            destination=f"user{number}@{domain}",
            password=draw(references if source.admin is None else optional(references)),
            destination_username=draw(optional(texts.map("x-{}".format))) if own else None,
            destination_password=draw(references) if own else None,
            root=draw(optional(texts)),
        )
        for number, login in enumerate(draw(st.lists(texts, min_size=1, max_size=3, unique=True)))
    )
    name = draw(st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True).filter(lambda name: name not in {".", ".."}))
    return Batch(
        name=name.removesuffix(".toml") or "x",
        source=source,
        destination=destination,
        options=draw(options),
        mailboxes=mailboxes,
    )
