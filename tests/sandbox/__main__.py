"""``python -m tests.sandbox --data DIR``: the practice Exchange by itself, until it is interrupted."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from tests.sandbox.server import PracticeExchange
from tests.sandbox.throttling import Policy


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
    usual = Policy()
    parser.add_argument("--max-concurrency", type=int, metavar="N", help="requests at once (EwsMaxConcurrency)")
    parser.add_argument("--max-burst", type=float, metavar="MS", help="server time at one go (EwsMaxBurst)")
    parser.add_argument("--recharge-rate", type=float, default=usual.recharge_rate, metavar="MS", help="an hour")
    parser.add_argument("--cutoff-balance", type=float, default=usual.cutoff_balance, metavar="MS", help="overdrawn")
    parser.add_argument("--item-charge", type=float, default=usual.item, metavar="MS", help="for each item")
    parser.add_argument("--lock-after", type=int, metavar="N", help="wrong passwords that lock an account")
    parser.add_argument("--strict", action="store_true", help="take no message whose form is wrong")
    arguments = parser.parse_args()
    server = PracticeExchange(arguments.data, port=arguments.port, schemas=arguments.schemas)
    server.pace.item = arguments.item_ms / 1000
    server.pace.request = arguments.request_ms / 1000
    server.lock_after = arguments.lock_after
    server.strict = arguments.strict
    server.policy = Policy(
        arguments.max_concurrency,
        arguments.max_burst,
        arguments.recharge_rate,
        arguments.cutoff_balance,
        arguments.item_charge,
    )
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
