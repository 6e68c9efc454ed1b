import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StateError
from core.store import location
from core.store.location import Mount, mount_of, state_folder

# Lines as real machines have them: a jump host, automounted homes, a container, a blank in a name.
SAMPLE = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:40 / /home rw,relatime shared:30 - autofs systemd-1 rw,fd=44
31 30 0:44 / /home/ann rw,relatime shared:240 - nfs4 filer:/vol/home/ann rw,vers=4.2
32 27 8:17 / /srv rw shared:2 master:3 - xfs /dev/sdb1 rw
33 32 0:50 / /srv/share rw - cifs //winfiler/share rw,vers=3.1.1
34 27 0:51 / /mnt/my\040disk\134\011x rw - btrfs /dev/sdc rw
35 27 0:52 / /data rw - 9p hostshare rw
36 27 0:53 / /over rw - nfs filer:/a rw
37 36 0:54 / /over rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/", Mount("/", "ext4")),
        ("/var/lib", Mount("/", "ext4")),
        ("/home", Mount("/home", "autofs")),
        ("/home/ann", Mount("/home/ann", "nfs4")),
        ("/home/ann/.local/state", Mount("/home/ann", "nfs4")),
        ("/home/anna", Mount("/home", "autofs")),
        ("/srv/share/x", Mount("/srv/share", "cifs")),
        ("/srv/shared", Mount("/srv", "xfs")),
        ("/mnt/my disk\\\tx/state", Mount("/mnt/my disk\\\tx", "btrfs")),
        ("/over/there", Mount("/over", "tmpfs")),
    ],
)
def test_the_longest_mount_point_holds_a_path(path: str, mount: Mount) -> None:
    assert mount_of(path, SAMPLE) == mount


def test_nothing_holds_a_path_without_mounts() -> None:
    assert mount_of("/", "") is None
    assert mount_of("/x", "no such\nlines 1 2 3 4 5 6 7 8 -") is None


NETWORK = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"]
NETWORK += ["lustre", "gpfs", "ncpfs"]


@pytest.mark.parametrize("kind", NETWORK)
def test_network_file_systems_are_known(kind: str) -> None:
    assert Mount("/", kind).network


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "9p", "virtiofs", "fuse.bindfs"])
def test_local_file_systems_are_taken(kind: str) -> None:
    assert not Mount("/", kind).network


NAMES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1), max_size=4)


def written(name: str) -> str:
    """As the kernel writes it."""
    return re.sub(r"[ \t\n\\]", lambda found: f"\\{ord(found[0]):03o}", name)


@given(NAMES, NAMES, NAMES)
def test_any_mount_point_is_read_as_written(above: list[str], below: list[str], other: list[str]) -> None:
    def point(names: list[str]) -> str:
        return "/" + "/".join(names)

    mounts = {"/": "rootfs", point(other): "other", point(above): "mine"}
    text = "".join(f"1 1 0:1 / {written(at)} rw - {kind} none rw\n" for at, kind in mounts.items())
    path = point(above + below)

    found = mount_of(path, text)

    holding = [at for at in mounts if path == at or path.startswith(at.rstrip("/") + "/")]
    assert found == Mount(max(holding, key=len), mounts[max(holding, key=len)])


def test_the_option_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILCUTOVER_STATE", str(tmp_path / "environment"))
    assert state_folder(tmp_path / "option") == tmp_path / "option"
    assert state_folder() == tmp_path / "environment"


def test_the_xdg_state_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILCUTOVER_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "mailcutover"


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = state_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [None, "state.db"])
def test_a_folder_of_ours_is_closed_to_others(tmp_path: Path, content: str | None) -> None:
    tmp_path.chmod(0o755)
    if content:
        (tmp_path / content).touch()
    assert stat.S_IMODE(state_folder(tmp_path).stat().st_mode) == 0o700


def test_a_folder_of_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "letters").mkdir()
    with pytest.raises(StateError, match=r"others may read it; run 'chmod 700 .*--state DIR"):
        state_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StateError, match="is not a folder"):
        state_folder(file)
    with pytest.raises(StateError, match="cannot be the state folder"):
        state_folder(file / "below")


def test_a_network_file_system_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path}/far rw - nfs4 filer:/x rw\n")
    monkeypatch.setattr(location, "_MOUNTS", mounts)
    (tmp_path / "near").symlink_to(tmp_path / "far")
    with pytest.raises(StateError, match=rf"network file system \(nfs4 at {tmp_path}/far\).*--state DIR"):
        state_folder(tmp_path / "near" / "state")
    assert not (tmp_path / "far").exists()


def test_without_proc_any_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(location, "_MOUNTS", tmp_path / "none")
    assert state_folder(tmp_path / "state").is_dir()


def test_this_machine_is_read(tmp_path: Path) -> None:
    mount = mount_of(os.path.realpath(tmp_path), Path("/proc/self/mountinfo").read_text())
    assert mount is not None
    assert os.path.ismount(mount.point)
