"""Stock exchangelib beside us: Account.bulk_create as its manual shows it. ``python -m tests.bench.ews_bulk_create``.

The messages are read before the clock starts. Prints the wall and CPU seconds of making and sending the items.
"""

import sys
import time
from pathlib import Path

from tests.bench.ews_raw import messages
from tests.sandbox import stock


def main() -> None:
    """Arguments: url, address, password, a Maildir."""
    from exchangelib import Message

    url, address, password, maildir = sys.argv[1:]
    mail = list(messages(Path(maildir)))
    with stock.account(url, address, username="svc", password=password) as account:
        inbox = account.inbox
        wall, cpu = time.monotonic(), time.process_time()
        made = account.bulk_create(folder=inbox, items=[Message(folder=inbox, mime_content=data) for data in mail])
        assert len(made) == len(mail)
        sys.stdout.write(f"{time.monotonic() - wall} {time.process_time() - cpu}\n")


if __name__ == "__main__":
    main()
