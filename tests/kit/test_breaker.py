"""A breaker opens after failures in a row, and one success closes it."""

from callmissed.kit.breaker import Breaker, BreakerState


class Watch:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def _open(watch: Watch) -> Breaker:
    breaker = Breaker(watch, max_failures=3, window_s=30.0, open_s=10.0)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = _open(Watch())
    assert breaker.state is BreakerState.OPEN
    assert not breaker.allows()


def test_a_success_between_failures_keeps_it_closed() -> None:
    breaker = Breaker(Watch(), max_failures=3)
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.allows()


def test_failures_far_apart_do_not_open_it() -> None:
    watch = Watch()
    breaker = Breaker(watch, max_failures=3, window_s=30.0)
    for _ in range(9):
        breaker.failed()
        watch.now_s += 16.0
    assert breaker.state is BreakerState.CLOSED


def test_one_attempt_goes_through_after_a_while_and_decides() -> None:
    watch = Watch()
    breaker = _open(watch)
    watch.now_s += 10.0
    assert breaker.allows()
    assert breaker.state is BreakerState.HALF_OPEN
    assert not breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    watch.now_s += 10.0
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED


def test_an_attempt_that_never_reports_is_replaced() -> None:
    watch = Watch()
    breaker = _open(watch)
    watch.now_s += 10.0
    assert breaker.allows()
    watch.now_s += 10.0
    assert breaker.allows()
