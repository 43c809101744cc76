"""The plain model: what a world of partners and quotes is, in dictionaries and lists, with nothing of the product.

It knows what stands after each act, so that what was known at an instant is what stood after the last act by then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

STALE_AFTER = timedelta(days=7)
PAID = Fraction(150)
"""What every comparison pays, in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What a partner says of one of its services: equal items are the same quote."""

    partner: str
    service: str
    corridor: str
    observed_at: datetime
    valid_until: datetime | None
    is_deducted: bool
    fixed: Fraction
    percent: Fraction
    rate: Fraction

    @property
    def gets(self) -> Fraction:
        """What the receiver gets when PAID is paid in all."""
        if self.is_deducted:
            return (PAID - self.fixed - PAID * self.percent / 100) * self.rate
        return (PAID - self.fixed) / (1 + self.percent / 100) * self.rate


@dataclass(slots=True)
class Kept:
    """An accepted item: which import brought it, in which order, and whether it may ever stand again."""

    item: Item
    batch: int
    arrived: int
    is_alive: bool = True


Service = tuple[str, str]
Standing = Mapping[Service, Item]


@dataclass(frozen=True, slots=True)
class State:
    """What everybody could see from an instant on."""

    since: datetime
    standing: Standing
    hidden: frozenset[str]
    notices: tuple[str, ...]


@dataclass(slots=True)
class World:
    """All that was ever said, and what stood after each act."""

    kept: dict[Item, Kept] = field(default_factory=dict)
    waiting: dict[Item, int] = field(default_factory=dict)
    decided: set[Item] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    notices: dict[int, str] = field(default_factory=dict)
    held: dict[int, Item] = field(default_factory=dict)
    history: list[State] = field(default_factory=list)
    _arrivals: int = 0

    # ---------------------------------------------------------------- what is done

    def push(self, items: list[Item], batch: int) -> list[str]:
        """Take a batch; return what becomes of each item."""
        outcomes: dict[Item, str] = {}
        found: list[str] = []
        said_then: dict[tuple[str, datetime], Item] = {}
        for item in items:
            if item in outcomes:
                found.append("rejected" if outcomes[item] == "rejected" else "duplicate")
                continue
            first = said_then.setdefault((item.service, item.observed_at), item)
            outcomes[item] = "rejected" if first != item else self._outcome(item)
            found.append(outcomes[item])
        for item, outcome in outcomes.items():
            if outcome == "accepted":
                self.keep(item, batch)
            elif outcome == "quarantined":
                self.waiting[item] = batch
        return found

    def _outcome(self, item: Item) -> str:
        if item in self.kept or item in self.waiting or item in self.decided:
            return "duplicate"
        if item.service.startswith("magic-quarantine"):
            return "quarantined"
        return "rejected" if item.service.startswith("magic-reject") else "accepted"

    def keep(self, item: Item, batch: int) -> None:
        """Accept an item."""
        self._arrivals += 1
        self.kept[item] = Kept(item, batch, self._arrivals)

    def decide(self, item: Item, *, is_accepted: bool) -> None:
        """Decide about an item that waits."""
        batch = self.waiting.pop(item)
        if is_accepted:
            self.keep(item, batch)
        else:
            self.decided.add(item)

    def withdraw_service(self, service: Service) -> None:
        """End a service: nothing of it comes back, and nothing of it waits."""
        for kept in self.kept.values():
            if (kept.item.partner, kept.item.service) == service:
                kept.is_alive = False
        self._take_back(lambda item: (item.partner, item.service) == service)

    def withdraw_batch(self, batch: int) -> None:
        """Take a batch back: what it replaced stands again where nothing newer does."""
        for kept in self.kept.values():
            if kept.batch == batch:
                kept.is_alive = False
        self._take_back(lambda item: self.waiting[item] == batch)

    def _take_back(self, is_meant: Callable[[Item], bool]) -> None:
        for item in [item for item in self.waiting if is_meant(item)]:
            del self.waiting[item]
            self.decided.add(item)

    def correct(self, wrong: Item, right: Item, batch: int) -> None:
        """Put an item in the place of one that stands, which never stands again."""
        self.kept[wrong].is_alive = False
        self.keep(right, batch)

    def release(self, batch: int) -> None:
        """Import a file that was held, as if it came now."""
        self.keep(self.held.pop(batch), batch)

    def commit(self, now: datetime) -> None:
        """Remember what everybody can see from now on."""
        self.history.append(State(now, self.standing(), frozenset(self.hidden), tuple(self.notices.values())))

    # ---------------------------------------------------------------- what is so

    def standing(self) -> Standing:
        """Return the item that stands of each service: the newest observed, of equal ones the last that came."""
        best: dict[Service, Kept] = {}
        for kept in self.kept.values():
            service = (kept.item.partner, kept.item.service)
            other = best.get(service)
            mine = (kept.item.observed_at, kept.arrived)
            if kept.is_alive and (other is None or mine > (other.item.observed_at, other.arrived)):
                best[service] = kept
        return {service: kept.item for service, kept in best.items()}

    def as_of(self, instant: datetime) -> State | None:
        """Return what everybody could see at an instant, null where nothing was there yet."""
        seen = [state for state in self.history if state.since <= instant]
        return seen[-1] if seen else None


def ranked(state: State, corridor: str, now: datetime) -> list[tuple[Fraction, str, str]]:
    """Return the offers of a corridor, the best first: what the receiver gets, the partner, the service."""
    good = [item for item in shown(state, corridor) if barred(item, now) is None]
    return sorted(((item.gets, item.partner, item.service) for item in good), key=lambda offer: -offer[0])


def left_out(state: State, corridor: str, now: datetime) -> list[tuple[str, str, str]]:
    """Return why which services of a corridor are not ranked."""
    found = [(barred(item, now), item.partner, item.service) for item in shown(state, corridor)]
    return sorted((why, partner, service) for why, partner, service in found if why is not None)


def shown(state: State, corridor: str) -> list[Item]:
    """Return what stands in a corridor, of providers that are not hidden."""
    return [item for item in state.standing.values() if item.corridor == corridor and item.partner not in state.hidden]


def barred(item: Item, now: datetime) -> str | None:
    """Return why an item is not to be ranked at an instant; null while it is."""
    if now - item.observed_at > STALE_AFTER:
        return "stale"
    return "expired" if item.valid_until is not None and item.valid_until <= now else None
