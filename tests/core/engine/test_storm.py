"""Everything at once: links that break, servers that ask for time, and somebody who cannot make up his mind."""

import random
import threading
from typing import TYPE_CHECKING

import pytest

from core.ports.failure import Action, Failure, Side
from core.status import Wish

if TYPE_CHECKING:
    from tests.core.engine.conftest import Scene

LOGINS = [f"user{n}" for n in range(6)]
TROUBLES = [
    Failure(Action.RETRY, "ECONNRESET", "the link broke"),
    Failure(Action.RETRY, "ECONNRESET", "the link broke", in_doubt=True),
    Failure(Action.WAIT, "ErrorServerBusy", "the server is busy", seconds=0.01),
]


@pytest.mark.parametrize("seed", range(3))
def test_every_message_arrives_once(scene: "Scene", seed: int) -> None:
    chance = random.Random(seed)
    for login in LOGINS:
        scene.world.source(login, messages=60)

    def trouble(side: Side, who: str, call: str) -> Failure | None:
        return chance.choice(TROUBLES) if chance.random() < 0.04 else None

    scene.world.trouble = trouble
    over = threading.Event()

    def waver() -> None:
        whims = random.Random(seed)
        while not over.wait(whims.random() * 0.1):
            whom = whims.choice([None, *LOGINS])
            scene.want(whims.choice([Wish.RUN, Wish.RUN, Wish.PAUSE]), whom)
            if whom is not None:
                over.wait(0.05)
                scene.want(Wish.RUN, whom)

    batch = scene.batch(logins=" ".join(LOGINS), options={"mailboxes_at_once": 3})
    run = scene.start(batch)
    somebody = threading.Thread(target=waver)
    somebody.start()
    run.join(3)
    over.set()
    somebody.join()
    scene.world.trouble = lambda side, who, call: None
    for whom in (None, *LOGINS):
        scene.want(Wish.RUN, whom)
    assert run.join(60)
    if run.exit_code == 3:  # it ended while nothing but paused mailboxes were left
        run = scene.run(batch)
    assert (run.exit_code, run.faults) == (0, [])
    for login in LOGINS:
        inbox = scene.world.destination(f"{login}@new.example").folder("INBOX")
        tokens = [message.token for message in inbox.messages.values()]
        assert len(tokens) == len(set(tokens)) == 60
    assert {view.counts.copied for view in scene.views().values()} == {60}
