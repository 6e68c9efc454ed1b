"""A real Dovecot in a folder of its own, on loopback ports; touches no system service."""

import grp
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.servers.certificates import Authority
from tests.servers.imap_server import ImapServer
from tests.servers.process import free_port

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


class Dovecot(ImapServer):
    """One server. `master` may sign in for anybody.

    `separator` and `prefix` shape the personal namespace; `without` are capabilities not to offer (Dovecot goes on
    understanding them); `offers` are words to add (``APPENDLIMIT=1000``); `quota` is a size per user such as ``64k``;
    with `compress` it has COMPRESS=DEFLATE; `extra` is appended to the configuration.
    """

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
        compress: bool = False,
        fsync: str = "never",
        mechanisms: str = "plain login",
        extra: str = "",
    ) -> None:
        super().__init__(separator, prefix)
        self.tls_port = 0
        left_out = set(without)
        if left_out - set(CAPABILITIES):
            raise ValueError(f"Dovecot does not offer {left_out - set(CAPABILITIES)}")
        kept = [word for word in CAPABILITIES if word not in left_out]
        plugins = {"quota": bool(quota), "zlib": compress}
        chosen = [name for name, wanted in plugins.items() if wanted]
        self._values = {
            "separator": separator,
            "prefix": prefix,
            "capability": " ".join([*kept, *(["COMPRESS=DEFLATE"] if compress else []), *offers]),
            "quota": _QUOTA.format(size=quota) if quota else "",
            "plugins": " ".join(chosen),
            "imap_plugins": " ".join(f"imap_{name}" for name in chosen),
            "fsync": fsync,
            "mechanisms": mechanisms,
            "extra": extra,
            "password": self.password,
            "group": grp.getgrgid(65534).gr_name,
            # Maildir++ is what a server with '.' has; with it, folders lie flat.
            "location": "maildir:~/Maildir" if separator == "." else "maildir:~/Maildir:LAYOUT=fs",
        }

    @property
    def ca_file(self) -> Path:
        """The authority that signed its certificate (localhost, 127.0.0.1)."""
        return self.folder / "ca.pem"

    def home(self, user: str) -> Path:
        """Where a user's mail lies; it need not be there yet."""
        return self.folder / "mail" / user

    def _prepare(self) -> None:
        mailboxes = self.folder / "mail"
        mailboxes.mkdir()
        shutil.chown(mailboxes, "nobody")
        (self.folder / "master").write_text(f"{self.master}:{{PLAIN}}{self.master_password}\n")
        certificate, key = Authority(self.folder).server()
        self._values |= {"certificate": str(certificate), "key": str(key)}

    def _configure(self) -> tuple[list[str], int]:
        port = self.port or free_port()
        self.tls_port = self.tls_port or free_port()
        config = self.folder / "dovecot.conf"
        text = _CONFIG.format(
            folder=self.folder, name=self.folder.name, port=port, tls_port=self.tls_port, **self._values
        )
        config.write_text(text)
        return [_DOVECOT, "-F", "-c", str(config)], port
