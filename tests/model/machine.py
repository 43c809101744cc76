"""Does the same to the product and to the plain model, in any order, and compares what both say: now and of old."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine

from app.compare import Comparison
from tests.model import plain, product
from tests.model.plain import Item, World
from tests.model.product import Product, answer, partner, written

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PARTNERS = ("alpha", "beta")
SERVICES = ("magic-accept-a", "magic-accept-b", "magic-flag-c", "magic-quarantine-d", "magic-reject-e")
CORRIDORS = ("GBR-PHL", "GBR-IND")
FILED = ("gamma", "gamma/GBR-PHL/filed")
"""The provider and the service of which a tariff file tells."""

MINUTE = timedelta(minutes=1)

items = st.fixed_dictionaries(
    {
        "service": st.sampled_from(SERVICES),
        "corridor": st.sampled_from((*CORRIDORS, CORRIDORS[0])),
        "minutes_ago": st.sampled_from((0, 5, 10, 30, 60, 600, 6000)),
        "minutes_valid": st.sampled_from((None, None, 30, 300)),
        "is_deducted": st.booleans(),
        "fixed": st.sampled_from(("0", "1.5", "2.99")),
        "percent": st.sampled_from(("0", "1", "2.5")),
    }
)


class Machine(RuleBasedStateMachine):
    """One world: each rule is an act of somebody, or a question."""

    engine: Engine
    folder: Path
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.product = Product(self.engine, [partner(one) for one in PARTNERS], folder=self.folder)
        self.now = START
        self.batches = 0
        self.owners: dict[int, str] = {}
        self.recorded: list[tuple[datetime, str, bytes]] = []
        self.notices: dict[int, int] = {}

    @initialize(first=st.lists(items, min_size=2, max_size=4), second=st.lists(items, min_size=2, max_size=4))
    def begin(self, first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
        self.product.open(self.now)
        self.product.look(self.now)
        self.push("alpha", first)
        self.push("beta", second)

    # ---------------------------------------------------------------- what is done

    @rule(who=st.sampled_from(PARTNERS), said=st.lists(items, min_size=1, max_size=4))
    def push(self, who: str, said: list[dict[str, Any]]) -> None:
        self._later()
        batch = self._batch(who)
        pushed = [self._item(who, one) for one in said]
        expected = self.world.push(pushed, batch)
        assert self.product.push(pushed, batch, self.now) == expected
        self._commit("push")

    @rule(who=st.sampled_from(PARTNERS), service=st.sampled_from(SERVICES[:4]), fixed=st.sampled_from(("1", "4.5")))
    def push_newer(self, who: str, service: str, fixed: str) -> None:
        """What a partner does most: a newer price of a service, as it is now."""
        said = {"service": service, "corridor": CORRIDORS[0], "minutes_ago": 0, "minutes_valid": 300}
        self.push(who, [said | {"is_deducted": True, "fixed": fixed, "percent": "1"}])

    @precondition(lambda self: self.world.kept)
    @rule(who=st.sampled_from(PARTNERS), choice=st.randoms(use_true_random=False))
    def push_again(self, who: str, choice: Any) -> None:  # noqa: ANN401 - hypothesis keeps the type to itself
        """The same items a second time change nothing."""
        known = sorted((item for item in self.world.kept if item.partner == who), key=repr)
        if not known:
            return
        self._later()
        again = choice.sample(known, min(3, len(known)))
        batch = self._batch(who)
        expected = self.world.push(again, batch)
        assert set(expected) <= {"duplicate", "rejected"}
        assert self.product.push(again, batch, self.now) == expected
        self._commit("push again")

    @precondition(lambda self: self.world.waiting)
    @rule(choice=st.randoms(use_true_random=False), is_accepted=st.booleans())
    def decide(self, choice: Any, is_accepted: bool) -> None:  # noqa: ANN401, FBT001 - drawn by name
        self._later()
        item = choice.choice(sorted(self.world.waiting, key=repr))
        self.world.decide(item, is_accepted=is_accepted)
        self.product.decide(item, self.now, is_accepted=is_accepted)
        self._commit("decide")

    @precondition(lambda self: self.world.standing())
    @rule(choice=st.randoms(use_true_random=False))
    def correct(self, choice: Any) -> None:  # noqa: ANN401 - hypothesis keeps the type to itself
        standing = self.world.standing()
        service = choice.choice(sorted(standing))
        if service == FILED or service[1].startswith("magic-quarantine"):
            return  # nobody's to correct, or a correction that would wait
        wrong = standing[service]
        self._later()
        batch = self._batch(service[0])
        right = Item(**{name: getattr(wrong, name) for name in Item.__slots__} | {"fixed": 3 + Fraction(batch, 100)})
        self.world.correct(wrong, right, batch)
        self.product.correct(wrong, right, batch, self.now)
        self._commit("correct")

    @rule(who=st.sampled_from(PARTNERS), service=st.sampled_from(SERVICES))
    def withdraw_service(self, who: str, service: str) -> None:
        self._later()
        self.world.withdraw_service((who, service))
        self.product.withdraw_service((who, service), self.now)
        self._commit("withdraw a service")

    @precondition(lambda self: self.owners)
    @rule(choice=st.randoms(use_true_random=False))
    def withdraw_batch(self, choice: Any) -> None:  # noqa: ANN401 - hypothesis keeps the type to itself
        self._later()
        batch = choice.choice(sorted(self.owners))
        self.world.withdraw_batch(batch)
        self.product.withdraw_batch(self.owners[batch], batch, self.now)
        self._commit("withdraw a batch")

    @rule(provider=st.sampled_from(PARTNERS))
    def hide_or_show(self, provider: str) -> None:
        if not any(item.partner == provider for item in self.world.kept):
            return  # nobody knows it yet
        self._later()
        self.world.hidden ^= {provider}
        self.product.show(provider, self.now, is_hidden=provider in self.world.hidden)
        self._commit("hide or show")

    @rule()
    def say_or_unsay(self) -> None:
        self._later()
        if self.notices:
            own, number = self.notices.popitem()
            del self.world.notices[own]
            self.product.end_notice(number, self.now)
        else:
            self.batches += 1
            self.world.notices[self.batches] = f"Notice {self.batches}."
            self.notices[self.batches] = self.product.add_notice(f"Notice {self.batches}.", self.now)
        self._commit("notice")

    @rule(minutes_ago=st.sampled_from((0, 30, 600)))
    def hold(self, minutes_ago: int) -> None:
        """A held file changes nothing."""
        self._later()
        batch = self._batch(FILED[0])
        del self.owners[batch]
        said = {"service": FILED[1], "corridor": CORRIDORS[0], "minutes_ago": minutes_ago, "minutes_valid": None}
        item = self._item(FILED[0], said | {"is_deducted": True, "fixed": "1", "percent": "1"}, Fraction(batch, 100))
        self.world.held[batch] = item
        self.product.hold(item, batch, self.now)
        self._commit("hold")

    @precondition(lambda self: self.world.held)
    @rule(choice=st.randoms(use_true_random=False))
    def release(self, choice: Any) -> None:  # noqa: ANN401 - hypothesis keeps the type to itself
        self._later()
        batch = choice.choice(sorted(self.world.held))
        self.world.release(batch)
        self.product.release(batch, self.now)
        self._commit("release")

    @rule(minutes=st.sampled_from((1, 20, 400, 3000)))
    def wait(self, minutes: int) -> None:
        """Let time pass: prices expire and grow stale."""
        self.now += minutes * MINUTE
        self.done["wait"] += 1

    # ---------------------------------------------------------------- what is asked

    @rule(corridor=st.sampled_from(CORRIDORS))
    def compare(self, corridor: str) -> None:
        board = self.product.look(self.now)
        found = answer(board, corridor, self.now)
        state = self.world.as_of(self.now)
        self._agree(found, state, corridor, self.now)
        bytes_now = written(board, found)
        fresh = self.product.fresh(self.now)
        assert written(fresh, answer(fresh, corridor, self.now)) == bytes_now
        self.recorded.append((self.now, corridor, bytes_now))
        self.done["compare"] += 1

    @precondition(lambda self: self.recorded)
    @rule(choice=st.randoms(use_true_random=False), is_whole=st.booleans())
    def replay(self, choice: Any, is_whole: bool) -> None:  # noqa: ANN401, FBT001 - drawn by name
        self._replay(*choice.choice(self.recorded), is_whole=is_whole)

    @precondition(lambda self: self.world.history)
    @rule(choice=st.randoms(use_true_random=False), corridor=st.sampled_from(CORRIDORS))
    def as_of(self, choice: Any, corridor: str) -> None:  # noqa: ANN401 - hypothesis keeps the type to itself
        """Any instant, also one at which nobody asked."""
        minutes = (self.now - START) // MINUTE
        instant = START + choice.randint(-5, minutes) * MINUTE
        self.product.look(self.now)
        board = self.product.past(instant, corridor)
        self._agree(answer(board, corridor, instant), self.world.as_of(instant), corridor, instant)
        self.done["as of"] += 1

    @invariant()
    def no_service_stands_twice(self) -> None:
        board = self.product.board
        if board is not None:
            standing = [(quote.source, quote.source_key) for one in board.live_quotes.values() for quote in one]
            assert len(standing) == len(set(standing))

    def teardown(self) -> None:
        """Ask everything that was ever answered again, after all that came later."""
        if self.product.board is not None:
            self.product.look(self.now)
            for instant, corridor, then in self.recorded:
                self._replay(instant, corridor, then, is_whole=False)
        self.done["runs"] += 1

    # ---------------------------------------------------------------- how both are compared

    def _agree(self, found: Comparison | None, state: plain.State | None, corridor: str, now: datetime) -> None:
        if state is None:
            assert found is None
            return
        expected = plain.ranked(state, corridor, now)
        offers = product.ranked(found)
        assert [gets for gets, _, _ in offers] == [gets for gets, _, _ in expected]
        assert sorted(offers) == sorted(expected)
        assert product.left_out(found) == plain.left_out(state, corridor, now)
        if found is not None:
            said = [notice.text for notice in found.notices if notice.code == "operator_notice"]
            assert said == list(state.notices)

    def _replay(self, instant: datetime, corridor: str, then: bytes, *, is_whole: bool) -> None:
        self.product.look(self.now)
        board = self.product.past(instant, None if is_whole else corridor)
        assert written(board, answer(board, corridor, instant)) == then
        self.done["replay"] += 1

    def _later(self) -> None:
        self.now += MINUTE

    def _batch(self, who: str) -> int:
        self.batches += 1
        self.owners[self.batches] = who
        return self.batches

    def _commit(self, act: str) -> None:
        self.world.commit(self.now)
        expected = {self.product.quotes[item] for item in self.world.standing().values() if item.partner in PARTNERS}
        assert self.product.standing() == expected, act
        self.done[act] += 1

    def _item(self, who: str, said: dict[str, Any], more: Fraction = Fraction(0)) -> Item:
        observed_at = self.now.replace(minute=self.now.minute // 5 * 5) - said["minutes_ago"] * MINUTE
        valid = said["minutes_valid"]
        return Item(
            partner=who,
            service=said["service"],
            corridor=said["corridor"],
            observed_at=observed_at,
            valid_until=None if valid is None else observed_at + valid * MINUTE,
            is_deducted=said["is_deducted"],
            fixed=Fraction(said["fixed"]) + more,
            percent=Fraction(said["percent"]),
            rate=Fraction("77.1"),
        )
