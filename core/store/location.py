"""Where the state folder is, and whether a store may live there."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from core.errors import StateError

#: File systems whose locks or shared memory SQLite cannot trust (sqlite.org/wal.html: "on the same host").
_NETWORK = re.compile(
    r"(nfs\d*|cifs|smb\w*|afs|ceph|glusterfs|lustre|gpfs|ncpfs|fuse\.(sshfs|glusterfs|ceph(-fuse)?|rclone|s3fs))\Z"
)
_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a file system hangs, and its type as the kernel names it."""

    point: str
    kind: str

    @property
    def network(self) -> bool:
        """Whether other hosts may write there too."""
        return bool(_NETWORK.match(self.kind))


def mount_of(path: str, mountinfo: str) -> Mount | None:
    """The file system that holds an absolute, resolved `path`: the longest mount point above it, the latest of equals.

    `mountinfo` is the text of /proc/self/mountinfo (proc(5)); blanks in it are written as octal escapes.
    """
    best = None
    for line in mountinfo.split("\n"):  # a name may hold what str.splitlines takes for a line end
        fields = line.split(" ")
        try:
            point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4])
            kind = fields[fields.index("-", 6) + 1]
        except (IndexError, ValueError):
            continue  # not a line of that form
        above = path == point or path.startswith(point.rstrip("/") + "/")
        if above and (best is None or len(point) >= len(best.point)):
            best = Mount(point, kind)
    return best


def state_folder(explicit: Path | None = None) -> Path:
    """The state folder, made with mode 0700 when it is not there: --state, MAILCUTOVER_STATE, else the XDG one.

    Raises StateError with the cure when it cannot be made, is open to others, or is on a network file system.
    """
    path = _chosen(explicit)
    _refuse_network(path)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close_to_others(path)
    except FileExistsError:
        raise StateError(f"{path}: is not a folder; name another one with --state DIR") from None
    except OSError as error:
        raise StateError(
            f"{path}: cannot be the state folder ({error.strerror}); name another one with --state DIR"
        ) from error
    return path


def _chosen(explicit: Path | None) -> Path:
    if explicit is None and (named := os.environ.get("MAILCUTOVER_STATE")):
        explicit = Path(named)
    if explicit is None:
        from platformdirs import user_state_path

        explicit = user_state_path("mailcutover", appauthor=False)
    return Path(os.path.realpath(explicit.expanduser()))


def _refuse_network(path: Path) -> None:
    try:
        # Names are bytes to the kernel; as in os.fsdecode, so that they compare equal.
        mountinfo = os.fsdecode(_MOUNTS.read_bytes())
    except FileNotFoundError:
        return  # no Linux: nothing can be known
    mount = mount_of(str(path), mountinfo)
    if mount is not None and mount.network:
        raise StateError(
            f"{path}: is on a network file system ({mount.kind} at {mount.point}), where the store could be damaged; "
            "name a folder on a local disk with --state DIR or MAILCUTOVER_STATE"
        )


def _close_to_others(path: Path) -> None:
    """Take away what others may do there, but only in a folder that is plainly ours."""
    found = path.stat()
    if not stat.S_IMODE(found.st_mode) & 0o077:
        return
    names = {entry.name for entry in path.iterdir()}
    if found.st_uid == os.geteuid() and (not names or "state.db" in names):
        path.chmod(0o700)
        return
    raise StateError(
        f"{path}: others may read it; run 'chmod 700 {path}', or name a folder of its own with --state DIR"
    )
