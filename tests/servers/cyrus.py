"""A real Cyrus IMAP, unpacked beside Dovecot. It takes no NUL, no bare LF, and nothing but a header at the start."""

import shutil
from collections.abc import Mapping

from tests.servers.imap_server import UNPACKED, ImapServer, libraries, unpacked
from tests.servers.process import free_port
from tests.servers.saslauthd import Saslauthd

_ROOT = UNPACKED / "cyrus"
_PROGRAMS = _ROOT / "usr/lib/cyrus/bin"
_NOBODY = 65534

_IMAPD = """\
configdirectory: {folder}/conf
partition-default: {folder}/spool
defaultpartition: default
proc_path: {folder}/proc
mboxname_lockpath: {folder}/lock
sievedir: {folder}/sieve
cyrus_user: nobody
proxyservers: {admin}
allowplaintext: yes
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: {folder}/mux
sasl_mech_list: PLAIN LOGIN
virtdomains: off
failedloginpause: 0
altnamespace: {altnamespace}
unixhierarchysep: {unixhierarchysep}
autocreate_quota: 0
autocreate_inbox_folders: Sent | Drafts | Trash
autocreate_subscribe_folders: Sent | Drafts | Trash
xlist-sent: Sent
xlist-drafts: Drafts
xlist-trash: Trash
specialusealways: yes
duplicatesuppression: no
conversations: no
search_engine: none
"""
_SERVICES = """\
START {{
  recover cmd="{programs}/ctl_cyrusdb -C {folder}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{programs}/imapd -C {folder}/imapd.conf" listen="127.0.0.1:{port}" prefork=1
}}
EVENTS {{
}}
"""


def unavailable() -> str | None:
    """Why Cyrus cannot be started here; None when it can."""
    return unpacked("cyrus", "usr/lib/cyrus/bin/master")


class Cyrus(ImapServer):
    """One server; `admin` may sign in for anybody (SASL PLAIN, authzid).

    Without a prefix it has "/" and user folders beside INBOX, as Cyrus 3 has them when nobody says otherwise; with
    ``INBOX.`` it is as before.
    """

    admin = "migrator"
    admin_password = "mastersecret"

    def __init__(self, *, separator: str = "/", prefix: str = "") -> None:
        super().__init__(separator, prefix)
        self._door: Saslauthd | None = None

    def start(self) -> None:
        """Start it, and who answers for its passwords."""
        super().start()
        self._door = Saslauthd(self.folder / "mux", self._right)
        self._door.start()

    def stop(self) -> None:
        """End both, keep the mail."""
        super().stop()
        if self._door is not None:
            self._door.stop()
            self._door = None

    def _right(self, user: str, password: str) -> bool:
        return password == (self.admin_password if user == self.admin else self.password)

    def _prepare(self) -> None:
        for name in ("conf", "conf/db", "conf/log", "conf/proc", "conf/socket", "spool", "proc", "lock", "sieve"):
            (self.folder / name).mkdir()
            shutil.chown(self.folder / name, _NOBODY, _NOBODY)
        settings = _IMAPD.format(
            folder=self.folder,
            admin=self.admin,
            altnamespace="no" if self.prefix else "yes",
            unixhierarchysep="yes" if self.separator == "/" else "no",
        )
        (self.folder / "imapd.conf").write_text(settings)

    def _configure(self) -> tuple[list[str], int]:
        port = self.port or free_port()
        services = self.folder / "cyrus.conf"
        services.write_text(_SERVICES.format(folder=self.folder, programs=_PROGRAMS, port=port))
        user = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--pdeathsig=TERM"]
        files = ["-C", str(self.folder / "imapd.conf"), "-M", str(services), "-p", str(self.folder / "conf/pid")]
        return [*user, str(_PROGRAMS / "master"), *files], port

    def _environment(self) -> Mapping[str, str]:
        return libraries(_ROOT) | {"CYRUS_USER": "nobody"}
