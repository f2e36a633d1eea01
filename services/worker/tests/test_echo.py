"""A worker knows whether it still hears its doorbells, and says so when it does not."""

from __future__ import annotations

import pytest

from headway.problem import StoreUnavailable
from worker.echo import DEAF_SECONDS, RING_SECONDS, Deaf, Echo


class Door:
    """The worker's own door and a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.is_busy = False
        self.is_away = False
        self.rings = 0
        self.echo = Echo(self.ring, lambda: self.is_busy, clock=lambda: self.now)

    def ring(self) -> None:
        if self.is_away:
            raise StoreUnavailable("away")
        self.rings += 1

    def pass_time(self, seconds: float, *, is_heard: bool = False) -> None:
        for _ in range(round(seconds / RING_SECONDS)):
            self.now += RING_SECONDS
            try:
                self.echo.ring_when_due()
            except StoreUnavailable:
                continue
            if is_heard:
                self.echo.hear()


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_worker_that_hears_itself_is_well(door: Door) -> None:
    door.pass_time(10 * DEAF_SECONDS, is_heard=True)

    door.echo.check()
    assert door.rings == 10 * DEAF_SECONDS / RING_SECONDS


def test_a_deaf_worker_says_so(door: Door) -> None:
    door.pass_time(DEAF_SECONDS + RING_SECONDS)

    with pytest.raises(Deaf, match="No doorbell was heard for 50 s"):
        door.echo.check()


def test_a_worker_that_was_deaf_for_a_while_is_well_again(door: Door) -> None:
    door.pass_time(DEAF_SECONDS + RING_SECONDS)

    door.pass_time(RING_SECONDS, is_heard=True)

    door.echo.check()


def test_a_busy_worker_is_not_deaf(door: Door) -> None:
    door.is_busy = True

    door.pass_time(10 * DEAF_SECONDS)

    door.echo.check()


def test_a_store_that_is_away_does_not_make_a_worker_deaf(door: Door) -> None:
    door.is_away = True

    door.pass_time(10 * DEAF_SECONDS)

    door.echo.check()


def test_after_an_outage_the_first_echo_has_its_time(door: Door) -> None:
    door.is_away = True
    door.pass_time(10 * DEAF_SECONDS)
    door.is_away = False

    door.pass_time(DEAF_SECONDS)  # rung again at once, while the consumer still connects

    door.echo.check()
    door.pass_time(RING_SECONDS)
    with pytest.raises(Deaf):
        door.echo.check()


def test_it_rings_at_most_every_few_seconds(door: Door) -> None:
    door.now += RING_SECONDS
    door.echo.ring_when_due()
    door.echo.hear()

    door.now += RING_SECONDS / 2
    door.echo.ring_when_due()

    assert door.rings == 1


def test_a_worker_that_leaves_hears_nothing_and_is_not_deaf(door: Door) -> None:
    door.echo.end()

    door.now += 2 * DEAF_SECONDS

    door.echo.check()
    assert door.echo.silent_seconds == 0
