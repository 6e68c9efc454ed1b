from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from core.status import Wish
from core.store import schema
from core.store.database import Database
from core.store.times import seconds
from core.store.wanted import Wanted, Wishes


def test_who_is_not_named_is_to_run(database: Database) -> None:
    assert Wanted(database).read("sales") == Wishes(Wish.RUN, {})


def test_the_latest_wish_counts(database: Database, clock: Any) -> None:
    wanted = Wanted(database, clock)
    wanted.want("sales", Wish.PAUSE)
    wanted.want("sales", Wish.STOP_NOW, "ann")
    wanted.want("other", Wish.STOP)
    clock.forward(5)
    wanted.want("sales", Wish.STOP)
    assert wanted.read("sales") == Wishes(Wish.STOP, {"ann": Wish.STOP_NOW})
    with database.reading() as connection:
        rows = connection.execute(select(schema.wanted).order_by(schema.wanted.c.batch, schema.wanted.c.mailbox)).all()
    now = seconds(clock.now())
    assert [tuple(row) for row in rows] == [
        ("other", "", "stop", now - 5),
        ("sales", "", "stop", now),
        ("sales", "ann", "stop_now", now - 5),
    ]


def test_a_batchs_wish_and_its_mailboxes_wishes_are_cleared_apart(database: Database) -> None:
    wanted = Wanted(database)
    for mailbox in (None, "ann", "bob"):
        wanted.want("sales", Wish.PAUSE, mailbox)
    wanted.clear("sales")
    assert wanted.read("sales") == Wishes(Wish.RUN, {"ann": Wish.PAUSE, "bob": Wish.PAUSE})
    wanted.clear("sales", "ann")
    wanted.clear("sales", "nobody")
    assert wanted.read("sales") == Wishes(Wish.RUN, {"bob": Wish.PAUSE})


def test_another_process_is_heard(database: Database, child: Callable[..., Any]) -> None:
    other = child(
        """
        import sys
        from pathlib import Path
        from core.status import Wish
        from core.store.database import Database
        from core.store.wanted import Wanted
        with Database.open(Path(sys.argv[1])) as database:
            Wanted(database).want("sales", Wish.PAUSE, "ann")
            print("said", flush=True)
            input()
        """,
        database.folder,
    )
    assert other.line() == "said"
    assert Wanted(database).read("sales").mailboxes == {"ann": Wish.PAUSE}


def test_several_mailboxes_are_told_at_once(database: Database) -> None:
    wanted = Wanted(database)
    wanted.want("sales", Wish.STOP, "ann")
    wanted.want_each("sales", Wish.PAUSE, ["ann", "bob"])
    assert wanted.read("sales") == Wishes(Wish.RUN, {"ann": Wish.PAUSE, "bob": Wish.PAUSE})
