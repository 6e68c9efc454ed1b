import os
import stat
from pathlib import Path

import pytest

from core.errors import StateError
from core.mail.body import Body
from core.store.originals import Originals

DATA = b"From: x\n\n\0" * 20_000


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was brought to the disk, in order: the file's size while it has no name yet, or the folder's name."""
    order: list[str] = []
    fsync = os.fsync

    def watched(number: int) -> None:
        found = Path(f"/proc/self/fd/{number}").readlink()
        order.append(found.name if found.is_dir() else f"{'new' if found.name.startswith('.new-') else 'named'} file")
        fsync(number)

    monkeypatch.setattr(os, "fsync", watched)
    return order


def test_an_original_is_kept_to_the_last_byte_for_this_user_alone(tmp_path: Path, synced: list[str]) -> None:
    originals = Originals(tmp_path)
    body = Body.of(DATA)
    path = originals.keep(body.sha256(), body)
    assert path == originals.path(body.sha256())
    assert path == tmp_path / "originals" / f"{body.sha256().hex()}.eml"
    assert path.read_bytes() == DATA
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path)] == [0o700, 0o600]
    assert synced == [tmp_path.name, "new file", "originals"]


def test_the_same_message_is_kept_once_and_half_of_one_is_written_again(tmp_path: Path, synced: list[str]) -> None:
    originals = Originals(tmp_path)
    body = Body.of(DATA)
    path = originals.keep(body.sha256(), body)
    first = path.stat().st_ino
    assert originals.keep(body.sha256(), body) == path
    assert path.stat().st_ino == first
    path.write_bytes(DATA[:100])
    originals.keep(body.sha256(), body)
    assert path.read_bytes() == DATA
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "originals").write_text("in the way")
    with pytest.raises(StateError, match=r"originals/00\.eml: the original .* cannot be kept \(.*\); make room or"):
        Originals(tmp_path).keep(b"\0", Body.of(b"x"))


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="No space left on device"):
        Originals(tmp_path).keep(b"\0", Body.of(b"x"))
    assert list((tmp_path / "originals").iterdir()) == []
