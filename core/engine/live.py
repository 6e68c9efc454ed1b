"""A batch as it counts now: its file, and what was changed since."""

from collections.abc import Mapping
from datetime import datetime

from core.batch.definition import Batch
from core.batch.dials import Dial, turned
from core.clock import Clock
from core.endpoints.factory import endpoint_name
from core.engine.bandwidth import Bandwidth
from core.engine.limits import Need
from core.errors import UserError
from core.ports.failure import Side


class LiveBatch:
    """Changed by the thread that steers the batch, read by all. `meters` hold both ends to its bandwidth."""

    def __init__(self, batch: Batch, clock: Clock) -> None:
        self._filed = batch
        self._clock = clock
        self._dials: Mapping[Dial, str] = {}
        self.now = batch
        self.meters: Mapping[Side, Bandwidth] = {side: Bandwidth(clock, batch.options.bandwidth) for side in Side}

    def turn(self, dials: Mapping[Dial, str]) -> bool:
        """Let these count instead of what the file says; whether that changes anything."""
        if dials == self._dials:
            return False
        self._dials = dict(dials)
        self.now = turned(self._filed, dials)
        for meter in self.meters.values():
            meter.rate = self.now.options.bandwidth
        return True

    def closed_until(self) -> datetime | None:
        """When `active_hours` begin; None while mail may move."""
        hours = self.now.options.active_hours
        return None if hours is None else hours.closed_until(self._clock.now())

    def limited(self, side: Side) -> bool:
        """Whether its bandwidth holds that end back just now."""
        return self.meters[side].waited_for

    @property
    def needs(self) -> dict[Side, Need]:
        """The connections of one mailbox: one to each end."""
        return needs(self.now)

    @property
    def at_once(self) -> int:
        """How many mailboxes may be moved at once, by `mailboxes_at_once` and by their connections."""
        source, destination = self.needs.values()
        connections = min(source.allowed, destination.allowed)
        if source.endpoint == destination.endpoint:
            connections //= 2
        return min(self.now.options.mailboxes_at_once, connections)


def check_dials(batch: Batch, dials: Mapping[Dial, str]) -> None:
    """Raises UserError for values that a batch cannot be run with."""
    source, destination = needs(turned(batch, dials)).values()
    if source.endpoint == destination.endpoint and min(source.allowed, destination.allowed) < 2:
        raise UserError(
            f"{batch.file}: max_connections: source and destination are both {source.endpoint}, "
            "and a mailbox needs a connection to each; allow 2 or more"
        )


def needs(batch: Batch) -> dict[Side, Need]:
    """The connections that one mailbox of a batch needs: one to each end."""
    return {
        Side.SOURCE: Need(endpoint_name(batch.source), batch.source.max_connections, batch.name),
        Side.DESTINATION: Need(endpoint_name(batch.destination), batch.destination.max_connections, batch.name),
    }
