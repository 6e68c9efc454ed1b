"""A real Dovecot in a folder of its own, on loopback ports; touches no system service."""

import grp
import imaplib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.servers import mail
from tests.servers.certificates import Authority
from tests.servers.mail import Record
from tests.servers.process import Process, free_port, start

_DOVECOT = "/usr/sbin/dovecot"

#: What Dovecot 2.3 offers after sign-in, to leave something out of.
CAPABILITIES = (
    "IMAP4rev1",
    "SASL-IR",
    "LOGIN-REFERRALS",
    "ID",
    "ENABLE",
    "IDLE",
    "SORT",
    "SORT=DISPLAY",
    "THREAD=REFERENCES",
    "THREAD=REFS",
    "THREAD=ORDEREDSUBJECT",
    "MULTIAPPEND",
    "URL-PARTIAL",
    "CATENATE",
    "UNSELECT",
    "CHILDREN",
    "NAMESPACE",
    "UIDPLUS",
    "LIST-EXTENDED",
    "I18NLEVEL=1",
    "CONDSTORE",
    "QRESYNC",
    "ESEARCH",
    "ESORT",
    "SEARCHRES",
    "WITHIN",
    "CONTEXT=SEARCH",
    "LIST-STATUS",
    "BINARY",
    "MOVE",
    "SNIPPET=FUZZY",
    "PREVIEW=FUZZY",
    "PREVIEW",
    "STATUS=SIZE",
    "SAVEDATE",
    "LITERAL+",
    "NOTIFY",
    "SPECIAL-USE",
)

_CONFIG = """\
base_dir = {folder}/base
state_dir = {folder}/state
log_path = {folder}/log
instance_name = {name}
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_master_user_separator = *
auth_username_chars =
auth_failure_delay = 0
auth_cache_size = 4M
auth_cache_negative_ttl = 0
first_valid_uid = 1
mail_fsync = {fsync}
mail_location = {location}
mail_max_keyword_length = 200
mail_max_userip_connections = 500
mail_plugins = {plugins}
default_process_limit = 500
default_client_limit = 2000
default_vsz_limit = 1G
passdb {{
  driver = passwd-file
  args = {folder}/master
  master = yes
  result_success = continue
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid={group} home={folder}/mail/%u
}}
service imap-login {{
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil {{
    mode = 0666
  }}
  # No waiting after a wrong password.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
}}
protocol imap {{
  mail_plugins = $mail_plugins {imap_plugins}
  imap_capability = {capability}
  mail_max_userip_connections = 500
}}
{quota}
{extra}
"""

_QUOTA = """\
plugin {{
  quota = maildir:User quota
  quota_grace = 0%%
  quota_rule = *:storage={size}
}}
"""


def unavailable() -> str | None:
    """Why Dovecot cannot be started here; None when it can."""
    if not Path(_DOVECOT).exists():
        return "Dovecot is not installed (make servers)"
    if os.geteuid() != 0:
        return "Dovecot is started as root only; these tests run as another user"
    if shutil.which("setpriv") is None:
        return "setpriv is not installed (make servers)"
    return None


class Dovecot:
    """One server. Every user name is known, all with one password; `master` may sign in for anybody.

    `separator` and `prefix` shape the personal namespace; `without` are capabilities not to offer (Dovecot goes on
    understanding them); `offers` are words to add (``APPENDLIMIT=1000``); `quota` is a size per user such as ``64k``;
    `extra` is appended to the configuration.
    """

    host = "127.0.0.1"
    password = "secret"
    master = "migrator"
    master_password = "mastersecret"

    def __init__(
        self,
        *,
        separator: str = "/",
        prefix: str = "",
        without: Iterable[str] = (),
        offers: Iterable[str] = (),
        quota: str = "",
        fsync: str = "never",
        mechanisms: str = "plain login",
        extra: str = "",
    ) -> None:
        self.separator = separator
        self.prefix = prefix
        self.port = 0
        self.tls_port = 0
        left_out = set(without)
        if left_out - set(CAPABILITIES):
            raise ValueError(f"Dovecot does not offer {left_out - set(CAPABILITIES)}")
        kept = [word for word in CAPABILITIES if word not in left_out]
        plugins = "quota" if quota else ""
        self._values = {
            "separator": separator,
            "prefix": prefix,
            "capability": " ".join([*kept, *offers]),
            "quota": _QUOTA.format(size=quota) if quota else "",
            "plugins": plugins,
            "imap_plugins": "imap_quota" if quota else "",
            "fsync": fsync,
            "mechanisms": mechanisms,
            "extra": extra,
            "password": self.password,
            "group": grp.getgrgid(65534).gr_name,
            # Maildir++ is what a server with '.' has; with it, folders lie flat.
            "location": "maildir:~/Maildir" if separator == "." else "maildir:~/Maildir:LAYOUT=fs",
        }
        self._folder: Path | None = None
        self._process: Process | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._process is not None

    @property
    def ca_file(self) -> Path:
        """The authority that signed its certificate (localhost, 127.0.0.1)."""
        assert self._folder is not None
        return self._folder / "ca.pem"

    @property
    def log(self) -> str:
        """What it logged so far."""
        assert self._folder is not None
        return (self._folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Write the configuration and start; again after `stop`: on the same ports, with the mail that was there."""
        if self._folder is None:
            # Not below pytest's own folder: the mail user could not reach it there.
            self._folder = Path(tempfile.mkdtemp(prefix="mailcutover-dovecot-"))
            self._folder.chmod(0o755)
            mailboxes = self._folder / "mail"
            mailboxes.mkdir()
            shutil.chown(mailboxes, "nobody")
            (self._folder / "master").write_text(f"{self.master}:{{PLAIN}}{self.master_password}\n")
            certificate, key = Authority(self._folder).server()
            self._values |= {"certificate": str(certificate), "key": str(key)}
        self._process, self.port = start(self._configure, self._folder / "log", b"* OK")

    def ask_to_stop(self) -> None:
        """Begin to end, which takes Dovecot a second; `stop` or `remove` waits for it."""
        if self._process is not None:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """End the server, keep its mail."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def remove(self) -> None:
        """End the server and delete all it had."""
        self.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def client(self, user: str, password: str | None = None) -> imaplib.IMAP4:
        """A plain imaplib connection, signed in; use it in a `with` block."""
        client = imaplib.IMAP4(self.host, self.port, timeout=30)
        try:
            client.login(user, self.password if password is None else password)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        return client

    def wire(self, *names: str) -> str:
        """A folder of this server's personal namespace as it stands on the wire (ASCII names)."""
        return "INBOX" if names == ("INBOX",) else self.prefix + self.separator.join(names)

    def home(self, user: str) -> Path:
        """Where a user's mail lies; it need not be there yet."""
        assert self._folder is not None
        return self._folder / "mail" / user

    def load(self, user: str, records: Iterable[Record]) -> None:
        """Append these to a mailbox."""
        with self.client(user) as client:
            mail.load(client, records)

    def read(self, user: str) -> list[Record]:
        """Every message of a mailbox, by folder name and UID."""
        with self.client(user) as client:
            return mail.read(client)

    def folders(self, user: str) -> dict[str, frozenset[str]]:
        """Every folder of a mailbox with its LIST attributes."""
        with self.client(user) as client:
            return mail.folders(client)

    def _configure(self) -> tuple[list[str], int]:
        assert self._folder is not None
        port = self.port or free_port()
        self.tls_port = self.tls_port or free_port()
        config = self._folder / "dovecot.conf"
        text = _CONFIG.format(
            folder=self._folder, name=self._folder.name, port=port, tls_port=self.tls_port, **self._values
        )
        config.write_text(text)
        return [_DOVECOT, "-F", "-c", str(config)], port
