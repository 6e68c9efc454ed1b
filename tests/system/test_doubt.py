"""What is under way when a run dies, or its store does: it is there once, and never behind the back of the next run."""

from collections import Counter

from tests.disk import FullDisk, SizeLimit, can_mount
from tests.servers.dam import Dam, unsent
from tests.servers.dovecot import Dovecot
from tests.system.letters import letters
from tests.system.program import Program, until
from tests.system.sides import Destination, at_source, places, through


def test_mail_in_the_buffers_of_a_killed_run_never_arrives(
    program: Program, dovecot: Dovecot, destination: Destination, user: str
) -> None:
    dovecot.load(user, letters(4, filler=900_000))  # too large for the buffers of the dam itself
    with Dam(destination.port, after=10_000) as dam:
        batch = through(dam, destination.batch(dovecot, user))
        batch["options"]["settle"] = "1s"
        file = program.batch(batch)
        run = program.start("run", file)
        assert dam.reached.wait(30)
        until(lambda: unsent(dam.port) > 600_000)
        run.kill()
        assert program.migrate(file).counts() == {"copied": 4}
        dam.release()
        until(lambda: not dam.open)
    assert places(destination.read(user)) == at_source(dovecot, user)


def test_a_disk_that_fills_up_while_mail_is_under_way(
    program: Program, dovecot: Dovecot, destination: Destination, user: str
) -> None:
    dovecot.load(user, letters(45))
    mounted = FullDisk(program.state) if can_mount() else None
    try:
        with Dam(destination.port, after=1) as dam:
            file = program.batch(through(dam, destination.batch(dovecot, user)))
            run = program.start("run", file)
            assert dam.reached.wait(30)
            disk = mounted or SizeLimit(program.state, run.pid)
            disk.begin()
            dam.release()
            assert disk.says in run.wait(2)
            if mounted:
                mounted.end()
            stored = len(destination.read(user))
            assert 0 < stored == destination.sent(user)
            assert program.migrate(file).counts() == {"copied": 45}
        assert destination.sent(user) == 45
        assert places(destination.read(user)) == at_source(dovecot, user)
        found = Counter(event["text"] for event in program.events("wave", "message.settled"))
        found.pop("was not stored: sent again", None)  # what was ready to go next
        assert found == {"was stored after all: not sent again": stored}
    finally:
        if mounted:
            mounted.unmount()
