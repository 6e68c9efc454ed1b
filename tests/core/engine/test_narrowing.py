"""The number of connections after throttles, whatever happens: multiplicative down, additive up."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.engine.narrowing import WIDEN, Narrowing

ALLOWED = 16


@dataclass
class Holder:
    """A mailbox that holds a connection, and whether it was told to give it back."""

    told: bool = False


@dataclass
class Endpoint:
    """What a batch does with an endpoint: it takes what it gets, and gives back what it is told to."""

    narrowing: Narrowing = field(default_factory=Narrowing)
    now: float = 1000.0
    holders: list[Holder] = field(default_factory=list)

    @property
    def limit(self) -> int:
        limit = self.narrowing.limit(self.now)
        return ALLOWED if limit is None else min(limit, ALLOWED)


class Throttled(RuleBasedStateMachine):
    """Mailboxes come and go, time passes, the endpoint asks one or many of them to slow down."""

    def __init__(self) -> None:
        super().__init__()
        self.endpoint = Endpoint()

    @rule(wanted=st.integers(1, ALLOWED))
    def come(self, wanted: int) -> None:
        here = self.endpoint
        here.holders += [Holder() for _ in range(min(wanted, here.limit - len(here.holders)))]

    @precondition(lambda self: self.endpoint.holders)
    @rule(which=st.integers(0, ALLOWED))
    def finish(self, which: int) -> None:
        here = self.endpoint
        here.holders.pop(which % len(here.holders))
        here.narrowing.given_back()

    @rule()
    def leave(self) -> None:
        """All that were told to leave have left."""
        here = self.endpoint
        for holder in [each for each in here.holders if each.told]:
            here.holders.remove(holder)
            here.narrowing.given_back()

    @rule(seconds=st.integers(0, 300))
    def wait(self, seconds: int) -> None:
        before = self.endpoint.narrowing.limit(self.endpoint.now)
        self.endpoint.now += seconds
        after = self.endpoint.narrowing.limit(self.endpoint.now)
        assert (before is None) == (after is None)
        if before is not None and after is not None:
            assert seconds // WIDEN <= after - before <= seconds // WIDEN + 1

    @precondition(lambda self: any(not each.told for each in self.endpoint.holders))
    @rule(many=st.integers(1, ALLOWED))
    def throttle(self, many: int) -> None:
        here = self.endpoint
        used, before = len(here.holders), here.limit
        asked = [each for each in here.holders if not each.told][:many]
        for holder in asked:
            holder.told = here.narrowing.throttled(used, here.now)
        halved = max(1, used // 2)
        assert here.limit == (halved if used <= before else before), "one throttle halves once, whoever hears it"
        assert sum(each.told for each in asked) <= used - here.limit, "nobody leaves who need not"
        assert here.narrowing.limit(here.now + WIDEN) == here.limit + 1

    @invariant()
    def never_nothing(self) -> None:
        assert 1 <= self.endpoint.limit <= ALLOWED


TestThrottled = Throttled.TestCase
TestThrottled.settings = settings(max_examples=60, stateful_step_count=30)


@given(st.integers(1, 500), st.lists(st.integers(0, 8), max_size=12))
def test_it_recovers_whatever_there_was(used: int, throttles: list[int]) -> None:
    narrowing, now = Narrowing(), 0.0
    for minutes in throttles:
        now += minutes * WIDEN
        narrowing.throttled(min(used, narrowing.limit(now) or used), now)
    limit = narrowing.limit(now + used * WIDEN)
    assert limit is None or limit >= used
