import os
import stat
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from core.batch.definition import Batch, Mailbox
from core.batch.load import load, parse
from core.batch.save import save, to_toml
from core.errors import BatchFileError
from tests.core.batch.any_batch import batches

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
