"""Twenty mailboxes at once, a large message among them: all of it arrives, and it takes little memory."""

import sys
from collections import Counter
from pathlib import Path

from tests.servers.dovecot import Dovecot
from tests.system.letters import letter, letters
from tests.system.program import Program
from tests.system.sides import Destination

MB = 1 << 20
#: What a run may take, in MB.
MOST = 250

MEASURED = """
import sys
from core.cli.main import main
code = main()
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM:")), file=sys.stderr)
sys.exit(code)
"""


class Measured(Program):
    """The same command line; the last line of stderr is the most memory it ever had, in KB."""

    @staticmethod
    def _command(arguments: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, "-P", "-c", MEASURED, *map(str, arguments)]


def test_twenty_at_once(tmp_path: Path, dovecot: Dovecot, destination: Destination, user: str) -> None:
    users = [f"{user}x{number}" for number in range(20)]
    for name in users:
        dovecot.load(name, letters(12, name=name, filler=MB // 8))
    dovecot.load(users[7], [letter("large", filler=30 * MB)])
    tables = destination.batch(dovecot, *users)
    tables["options"]["mailboxes_at_once"] = 20
    tables["source"]["max_connections"] = tables["destination"]["max_connections"] = 20
    program = Measured(tmp_path)
    done = program.run("run", program.batch(tables))
    for name in users:
        there = Counter(found.data for found in destination.read(name))
        assert there == Counter(record.data for record in dovecot.read(name))
        assert there.total() == 12 + (name == users[7])
    assert int(done.stderr.splitlines()[-1]) // 1024 < MOST
