"""What is under way when a run dies: it never arrives behind the back of the run that comes after."""

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
