"""``python -m tests.sandbox --data DIR``: the practice Exchange by itself, until it is interrupted."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from tests.sandbox.server import PracticeExchange


def main() -> int:
    """Start the server, print where it is, wait for SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description="A practice Exchange (EWS).")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds its mailboxes")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--mailbox", action="append", default=[], metavar="ADDRESS[:LANGUAGE]", help="make a mailbox")
    parser.add_argument(
        "--account", action="append", default=[], metavar="USER:PASSWORDFILE", help="an account that may impersonate"
    )
    parser.add_argument("--schemas", type=Path, help="the folder with the EWS schemas; without it nothing is validated")
    parser.add_argument("--item-ms", type=float, default=0, help="milliseconds that an item takes")
    parser.add_argument("--request-ms", type=float, default=0, help="milliseconds that a request takes")
    arguments = parser.parse_args()
    server = PracticeExchange(arguments.data, port=arguments.port, schemas=arguments.schemas)
    server.pace.item = arguments.item_ms / 1000
    server.pace.request = arguments.request_ms / 1000
    for entry in arguments.mailbox:
        address, _colon, language = entry.partition(":")
        server.add_mailbox(address, language=language or "en")
    for entry in arguments.account:
        user, _colon, file = entry.rpartition(":")
        try:
            server.add_account(user, Path(file).read_text(encoding="utf-8").splitlines()[0])
        except (OSError, IndexError) as error:
            sys.stderr.write(f"--account {user}: the password file {file} cannot be read: {error}\n")
            return 2
    over = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_arguments: over.set())
    with server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        over.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
