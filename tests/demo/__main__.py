"""``make demo``: start both servers, then the console with the demo's batch, ready to start.

Without a terminal the batch is run headless, and the result printed. What was moved stays in `.demo` (or in the folder
that is given as the one argument), so that a second demo goes on where the first stopped; `make clean` forgets it.
"""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.batch.definition import Batch
from core.batch.load import load
from core.batch.save import save
from tests.demo.mail import PEOPLE, mailbox
from tests.demo.source import serve, write_mailbox
from tests.servers.process import Process, free_port

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FOLDER = CHECKOUT / ".demo"
BATCH = CHECKOUT / "sample-configs" / "demo.toml"
PASSWORD = "MAILCUTOVER_DEMO_PASSWORD"
_LANGUAGES = {"ann": "en", "bernd": "de"}
#: With the console the practice Exchange takes its time, so that there is something to see.
_ITEM_MS = 40


def main(folder: Path) -> int:
    """Run the demo, with all it makes in `folder`; the exit code of the program that was shown."""
    watched = sys.stdin.isatty() and sys.stderr.isatty()
    folder.mkdir(mode=0o700, exist_ok=True)
    password = _password(folder)
    _say("making mail ...")
    _mail(folder, password)
    batch = _batch(folder)
    environment = os.environ | {PASSWORD: password, "MAILCUTOVER_STATE": str(folder / "state")}
    with _servers(batch, folder, watched=watched):
        file = str(batch.file)
        if watched:
            return _run([file], environment)
        return _run(["run", file], environment)


def _run(arguments: list[str], environment: Mapping[str, str]) -> int:
    return subprocess.run([sys.executable, "-P", "-m", "tui", *arguments], env=environment, check=False).returncode


def _password(folder: Path) -> str:
    """One made-up password for all, kept for the next demo."""
    file = folder / "password"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(12) + "\n")
    return file.read_text().strip()


def _mail(folder: Path, password: str) -> None:
    """The source's mailboxes, unless an earlier demo made them."""
    done = folder / "source" / "complete"
    if done.exists():
        return
    count = sum(write_mailbox(folder / "source", person, password, mailbox(person)) for person in PEOPLE)
    done.touch()
    _say(f"{count} messages in {len(PEOPLE)} mailboxes")


def _batch(folder: Path) -> Batch:
    """The demo's own copy of its batch file: from one demo to the next ports may change, and the file must not."""
    from urllib.parse import urlsplit

    file = folder / "demo.toml"
    if not file.exists():
        save(load(BATCH), file)
    batch = load(file)
    url = urlsplit(batch.destination.model_dump()["url"])
    if _is_free(batch.source.port) and _is_free(url.port or 0):
        return batch
    moved = batch.model_copy(
        update={
            "source": batch.source.model_copy(update={"port": free_port()}),
            "destination": batch.destination.model_copy(
                update={"url": url._replace(netloc=f"{url.hostname}:{free_port()}").geturl()}
            ),
        }
    )
    save(moved, file)
    _say("its ports are taken by somebody else: it uses others")
    return load(file)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def _servers(batch: Batch, folder: Path, *, watched: bool) -> Iterator[None]:
    """pymap and the practice Exchange, until the console is left."""
    from urllib.parse import urlsplit

    url = urlsplit(batch.destination.model_dump()["url"])
    exchange = Process(
        [
            *(sys.executable, "-m", "tests.sandbox", "--data", str(folder / "exchange"), "--port", str(url.port)),
            *("--account", f"svc-migration:{folder / 'password'}", "--item-ms", str(_ITEM_MS if watched else 0)),
            *(part for person in PEOPLE for part in ("--mailbox", _address(person))),
        ],
        folder / "exchange.log",
    )
    source = serve(folder / "source", batch.source.port, folder / "source.log")
    try:
        source.await_port(batch.source.port, b"* OK")
        exchange.await_port(url.port or 0, b"")
        yield
    finally:
        source.stop()
        exchange.stop()


def _address(person: str) -> str:
    return f"{person}@new.example:{_LANGUAGES.get(person, 'en')}"


def _say(text: str) -> None:
    sys.stderr.write(f"demo: {text}\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else FOLDER))
