"""Who runs a batch, seen from here."""

import os
import socket

from core.store.holder import Holder

THIS_PROCESS = "this process"


def runner_name(holder: Holder) -> str:
    """The process, with its host where that is another."""
    if holder.host != socket.gethostname():
        return f"{holder.host}, process {holder.pid}"
    return THIS_PROCESS if holder.pid == os.getpid() else f"process {holder.pid} of this host"
