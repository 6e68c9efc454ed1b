"""What the bench runs on, in a line: figures of one machine are not those of another."""

import os
import platform
import re
from pathlib import Path


def described() -> str:
    """Processors, memory, kernel."""
    cpus, info = os.cpu_count(), Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    name = f" ({model[1]})" if model else ""
    return f"{cpus} processors{name}, {memory:.0f} GiB, Linux {platform.release()}, Python {platform.python_version()}"


def load() -> str:
    """The load averages of 1, 5 and 15 minutes."""
    return "load average " + ", ".join(f"{value:.1f}" for value in os.getloadavg())
