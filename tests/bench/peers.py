"""The tools beside us, over IMAP: what each is called, whether it is here, and the commands that move mailboxes."""

import shutil
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.servers.dovecot import Dovecot


@dataclass(frozen=True, slots=True)
class Job:
    """Mailboxes to move: as (login at the source, login at the target). The ports may be those of a link."""

    source_port: int
    target_port: int
    target: Dovecot
    users: Sequence[tuple[str, str]]
    folder: Path  # for whatever the tool wants to keep


class Tool(Protocol):
    """`good` are the exit codes of a run that did what it should. `limit`: it prints the seconds of its pass, and
    cannot do a second one.
    """

    name: str
    good: Collection[int]
    limit: bool

    def absent(self) -> str | None:
        """Why it cannot be run; None when it can."""

    def commands(self, job: Job) -> list[list[str]]:
        """One command for each mailbox; they run at the same time."""


class Raw:
    """Our own limit."""

    name = "raw"
    good: Collection[int] = (0,)
    limit = True

    def absent(self) -> str | None:
        return None

    def commands(self, job: Job) -> list[list[str]]:
        ports = (str(job.source_port), str(job.target_port))
        return [
            [sys.executable, "-m", "tests.bench.raw", *ports, source, target, job.target.password]
            for source, target in job.users
        ]


class Mbsync:
    """isync's mbsync, which keeps its state in files."""

    name = "mbsync"
    good: Collection[int] = (0,)
    limit = False

    def absent(self) -> str | None:
        return None if shutil.which("mbsync") else "not installed (make servers)"

    def commands(self, job: Job) -> list[list[str]]:
        return [["mbsync", "-q", "-c", str(self._settings(job, source, target)), "all"] for source, target in job.users]

    def _settings(self, job: Job, source: str, target: str) -> Path:
        state = job.folder / f"mbsync-{target}"
        state.mkdir(exist_ok=True)
        stores = "\n".join(
            f"IMAPStore {name}\nHost 127.0.0.1\nPort {port}\nUser {user}\nPass {job.target.password}\n"
            "SSLType None\nAuthMechs LOGIN\n"
            for name, port, user in (("old", job.source_port, source), ("new", job.target_port, target))
        )
        file = state / "mbsyncrc"
        file.write_text(
            f"{stores}\nChannel all\nFar :old:\nNear :new:\nPatterns *\nCreate Near\nSync Pull\n"
            f"CopyArrivalDate yes\nSyncState {state}/\n"
        )
        return file


class Dsync:
    """`doveadm backup`, which reads over IMAP and writes the target's files, so that only half of the link counts."""

    name = "doveadm backup"
    good: Collection[int] = (0, 2)  # 2: something changed meanwhile, says a second run that changed nothing
    limit = False

    def absent(self) -> str | None:
        return None if shutil.which("doveadm") else "not installed (make servers)"

    def commands(self, job: Job) -> list[list[str]]:
        return [
            [
                *("doveadm", "-c", str(job.target.folder / "dovecot.conf")),
                *("-o", "imapc_host=127.0.0.1", "-o", f"imapc_port={job.source_port}"),
                *("-o", f"imapc_user={source}", "-o", f"imapc_password={job.target.password}"),
                *("-o", "imapc_features=rfc822.size fetch-headers", "-o", "mail_prefetch_count=20"),
                *("backup", "-R", "-u", target, "imapc:"),
            ]
            for source, target in job.users
        ]


class Imapsync:
    """imapsync, which Debian does not have."""

    name = "imapsync"
    good: Collection[int] = (0,)
    limit = False

    def absent(self) -> str | None:
        return None if shutil.which("imapsync") else "not installed"

    def commands(self, job: Job) -> list[list[str]]:
        password = job.target.password
        return [
            [
                *("imapsync", "--nolog", "--notls1", "--notls2", "--tmpdir", str(job.folder)),
                *("--pidfile", str(job.folder / f"imapsync-{target}.pid")),
                *("--host1", "127.0.0.1", "--port1", str(job.source_port), "--user1", source, "--password1", password),
                *("--host2", "127.0.0.1", "--port2", str(job.target_port), "--user2", target, "--password2", password),
            ]
            for source, target in job.users
        ]


TOOLS: tuple[Tool, ...] = (Raw(), Dsync(), Mbsync(), Imapsync())
