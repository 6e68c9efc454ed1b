"""DavMail, an EWS client that others have written: shows an Exchange mailbox over IMAP, on a loopback port.

A Java program, unpacked beside Dovecot. It signs in with Basic as the owner of the mailbox.
"""

import imaplib
import shutil
import tempfile
from pathlib import Path

from tests.servers.imap_server import UNPACKED, unpacked
from tests.servers.process import Process, free_port, start

_ROOT = UNPACKED / "davmail"
_PROGRAM = "usr/share/davmail/davmail.jar"

_JARS = (
    "commons-codec.jar",
    "commons-logging.jar",
    "htmlcleaner.jar",
    "httpclient.jar",
    "httpcore.jar",
    "jackrabbit-webdav.jar",
    "javax.activation.jar",
    "javax.mail.jar",
    "jcifs.jar",
    "jdom2.jar",
    "jettison.jar",
    "jna.jar",
    "log4j-1.2.jar",
    "slf4j-api.jar",
    "slf4j-log4j12.jar",
    "stax2-api.jar",
    "woodstox-core.jar",
)

_SETTINGS = """\
davmail.server=true
davmail.mode=EWS
davmail.url={url}
davmail.imapPort={port}
davmail.popPort=
davmail.smtpPort=
davmail.caldavPort=
davmail.ldapPort=
davmail.bindAddress=127.0.0.1
davmail.allowRemote=false
davmail.disableUpdateCheck=true
davmail.enableProxy=false
davmail.useSystemProxies=false
davmail.folderSizeLimit=0
davmail.enableKeepAlive=false
davmail.imapAutoExpunge=false
davmail.logFilePath={folder}/davmail.log
davmail.oauth.tokenFilePath={folder}/tokens
log4j.rootLogger=WARN
log4j.logger.davmail=WARN
log4j.logger.httpclient.wire=WARN
log4j.logger.org.apache.http.wire=WARN
"""


def unavailable() -> str | None:
    """Why DavMail cannot be started here; None when it can."""
    if shutil.which("java") is None:
        return "there is no Java (make servers)"
    return unpacked("davmail", _PROGRAM, root=False)


class Davmail:
    """One gateway to the Exchange at `url`."""

    host = "127.0.0.1"

    def __init__(self, url: str) -> None:
        self._url = url
        self._folder: Path | None = None
        self._process: Process | None = None
        self.port = 0

    @property
    def log(self) -> str:
        """What it logged so far."""
        assert self._folder is not None
        files = [self._folder / "log", self._folder / "davmail.log"]
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    def start(self) -> None:
        """Start it on a free port."""
        self._folder = Path(tempfile.mkdtemp(prefix="mailcutover-davmail-"))
        self._process, self.port = start(self._configure, self._folder / "log", b"* OK")

    def stop(self) -> None:
        """End it and delete all it had."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def client(self, address: str, password: str) -> imaplib.IMAP4:
        """A plain imaplib connection to the mailbox of that address."""
        client = imaplib.IMAP4(self.host, self.port, timeout=60)
        try:
            client.login(address, password)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        return client

    def _configure(self) -> tuple[list[str], int]:
        assert self._folder is not None
        port = free_port()
        settings = self._folder / "davmail.properties"
        settings.write_text(_SETTINGS.format(url=self._url, port=port, folder=self._folder))
        jars = ":".join(map(str, (_ROOT / "usr/share/java" / name for name in _JARS)))
        native = next(_ROOT.glob("usr/lib/*/jni"))  # it asks systemd by it whether that wants to hear of it
        java = ["java", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Djava.awt.headless=true"]
        places = [f"-Djava.library.path={native}", "-Djna.nosys=false", "-cp", f"{_ROOT / _PROGRAM}:{jars}"]
        return [*java, *places, "davmail.DavGateway", "-server", str(settings)], port
