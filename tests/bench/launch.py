"""Run one command and write down what it took, in a small process of its own: ``python -I -S launch.py OUT COMMAND``.

The kernel counts the memory of the process that starts a program as that program's, so a large one must not start it.
"""

import json
import os
import sys
import time


def main() -> None:
    """Write JSON to the file OUT: exit code, when it began (seconds since 1970), wall and CPU seconds, peak KB."""
    out, *command = sys.argv[1:]
    at, began = time.time(), time.monotonic()
    _, status, usage = os.wait4(os.posix_spawnp(command[0], command, os.environ), 0)
    wall = time.monotonic() - began
    figures = {
        "code": os.waitstatus_to_exitcode(status),
        "at": at,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss,
    }
    with open(out, "w", encoding="ascii") as file:  # noqa: PTH123  pathlib costs memory
        json.dump(figures, file)


if __name__ == "__main__":
    main()
