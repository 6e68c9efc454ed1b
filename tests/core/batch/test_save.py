import os
import stat
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.batch.definition import Admin, Batch, EwsDestination, ImapDestination, Mailbox, Options, SourceEndpoint
from core.batch.hours import Hours
from core.batch.load import load, parse
from core.batch.save import save, to_toml
from core.batch.words import LARGEST_SIZE, LONGEST_DURATION, SLOWEST
from core.errors import BatchFileError
from core.mail.folder import FolderPath

TEXT = """# What somebody wrote by hand
name = "wave-1"
[source]
host = "imap.old.example"
[destination]
url = "https://mail.new.example/EWS/Exchange.asmx"
username = "svc"
password = "env:SVC"
[[mailboxes]]
source = "ann"
destination = "ann@new.example"
password = "env:ANN"
"""

# --- any batch ----------------------------------------------------------------------------------------------------

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


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(batches())
def test_what_was_saved_is_loaded_again(tmp_path: Path, batch: Batch) -> None:
    path = tmp_path / "wave.toml"
    save(batch, path)
    loaded = load(path)
    assert loaded == batch.at(path)
    once = path.read_bytes()
    save(loaded, path)
    assert path.read_bytes() == once


# --- what is written ----------------------------------------------------------------------------------------------


def test_only_what_is_required_or_differs_is_written() -> None:
    assert (
        to_toml(parse(TEXT, Path("x")))
        == """name = "wave-1"

[source]
kind = "imap"
host = "imap.old.example"

[destination]
kind = "ews"
url = "https://mail.new.example/EWS/Exchange.asmx"
username = "svc"
password = "env:SVC"

[[mailboxes]]
source = "ann"
destination = "ann@new.example"
password = "env:ANN"
"""
    )


def test_values_are_written_in_the_words_of_a_batch_file() -> None:
    text = TEXT.replace(
        "[[mailboxes]]",
        """[options]
max_message_size = 41943040
sync_every = "90m"
settle = "0.5s"
received_since = 2024-01-01T00:00:00Z
received_before = 2024-06-01T12:00:00+02:00
include_folders = []
[options.folder_map]
"Q1\\\\/Q2" = "Figures"
[[mailboxes]]""",
    )
    written = tomllib.loads(to_toml(parse(text, Path("x"))))
    assert written["options"] == {
        "max_message_size": "40 MB",
        "sync_every": "1h30m",
        "settle": "0.5s",
        "received_since": date(2024, 1, 1),
        "received_before": datetime(2024, 6, 1, 10, tzinfo=UTC),
        "folder_map": {"Q1\\/Q2": "Figures"},
    }


def test_an_identity_that_somebody_wrote_stays_written() -> None:
    assert "identity" not in to_toml(parse(TEXT, Path("x")))
    text = TEXT.replace("[destination]", 'identity = "imap.old.example"\n[destination]')
    assert 'identity = "imap.old.example"' in to_toml(parse(text, Path("x")))


def test_a_changed_host_keeps_the_identity_it_had() -> None:
    batch = parse(TEXT, Path("x"))
    source = batch.source.model_copy(update={"host": "imap2.old.example"})
    written = tomllib.loads(to_toml(batch.model_copy(update={"source": source})))
    assert written["source"] == {"kind": "imap", "host": "imap2.old.example", "identity": "imap.old.example"}


def test_each_mailbox_has_a_table_of_its_own() -> None:
    batch = parse(TEXT, Path("x"))
    more = tuple(Mailbox(source=f"u{n}", destination=f"u{n}@x", password=f"env:U{n}") for n in range(3))
    assert to_toml(batch.model_copy(update={"mailboxes": more})).count("[[mailboxes]]") == 3


# --- how it is written --------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "wave.toml"
    path.write_text(TEXT)
    return path


def named(path: Path, name: str) -> Batch:
    return load(path).model_copy(update={"name": name})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_previous_version_is_kept_beside_it(path: Path) -> None:
    save(named(path, "second"), path)
    assert load(path).name == "second"
    assert Path(f"{path}.bak").read_text() == TEXT
    save(named(path, "third"), path)
    assert load(Path(f"{path}.bak")).name == "second"
    assert sorted(file.name for file in path.parent.iterdir()) == ["wave.toml", "wave.toml.bak"]


def test_saving_the_same_again_keeps_the_backup(path: Path) -> None:
    save(load(path), path)
    save(load(path), path)
    assert Path(f"{path}.bak").read_text() == TEXT


def test_a_new_file_has_no_backup(tmp_path: Path, path: Path) -> None:
    save(load(path), tmp_path / "new.toml")
    assert not (tmp_path / "new.toml.bak").exists()
    assert load(tmp_path / "new.toml").name == "wave-1"
    old = os.umask(0o077)
    try:
        save(load(path), tmp_path / "narrow.toml")
    finally:
        os.umask(old)
    assert mode(tmp_path / "narrow.toml") == 0o600


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o664])
def test_the_mode_is_kept(path: Path, bits: int) -> None:
    path.chmod(bits)
    save(named(path, "second"), path)
    assert (mode(path), mode(Path(f"{path}.bak"))) == (bits, bits)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_is_kept(path: Path) -> None:
    os.chown(path, 12_345, 23_456)
    save(named(path, "second"), path)
    for file in (path, Path(f"{path}.bak")):
        assert (file.stat().st_uid, file.stat().st_gid) == (12_345, 23_456)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    link = tmp_path / "sub" / "link.toml"
    link.symlink_to(path)
    save(named(path, "second"), link)
    assert link.is_symlink()
    assert load(path).name == "second"
    assert Path(f"{path}.bak").exists()


def test_what_could_not_be_loaded_again_is_not_saved(path: Path) -> None:
    source = load(path).source.model_copy(update={"port": 0})
    with pytest.raises(BatchFileError, match=r"source\.port: 0 is out of range"):
        save(load(path).model_copy(update={"source": source}), path)
    assert path.read_text() == TEXT
    assert [file.name for file in path.parent.iterdir()] == ["wave.toml"]


def test_a_failure_on_the_way_leaves_the_old_file_and_no_litter(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = named(path, "second")
    fsync = os.fsync
    calls: list[int] = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:  # the backup and its folder, then the file itself
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BatchFileError, match=r"wave\.toml: cannot be saved: No space left on device"):
        save(changed, path)
    assert path.read_text() == TEXT
    assert sorted(file.name for file in path.parent.iterdir()) == ["wave.toml", "wave.toml.bak"]


def test_the_new_file_is_on_disk_before_it_takes_the_old_ones_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = named(path, "second")
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        done.append(f"becomes {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    save(changed, path)
    assert done == ["file", "becomes wave.toml.bak", "folder", "file", "becomes wave.toml", "folder"]


def test_where_nothing_can_be_written_it_says_so(path: Path, tmp_path: Path) -> None:
    batch = load(path)
    with pytest.raises(BatchFileError, match="cannot be saved: No such file or directory"):
        save(batch, tmp_path / "none" / "wave.toml")
    with pytest.raises(BatchFileError, match="cannot be saved: Is a directory"):
        save(batch, tmp_path)
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    with pytest.raises(BatchFileError, match=r"loop\.toml: cannot be saved: "):
        save(batch, loop)
    with pytest.raises(BatchFileError, match="cannot be saved: embedded null"):
        save(batch, tmp_path / "a\0b")
