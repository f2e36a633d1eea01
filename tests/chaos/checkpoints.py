"""What the store acknowledged of checkpoints, seen on the wire; and whether later attempts went on from there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from diary import Diary
from effects import Effect
from proxy import Connection, Proxy
from resp import verb_of

ITEM = "item-"
"""Kind of the side effect of an item, with its number behind it."""
WRITTEN = (b"$2\r\nok", b"$6\r\ncancel")


class Checkpoints:
    """Reads the answers to the reports of `progress.track(…, resume=True)`."""

    def __init__(self, proxies: Iterable[Proxy]) -> None:
        self._done: dict[str, dict[int, int]] = defaultdict(dict)
        """job id → fence → the most items that the store knows to be done."""
        for proxy in proxies:
            proxy.on_reply = self._see

    def before(self, job_id: str, fence: int) -> int:
        """How many items all attempts before this one have safely behind them."""
        return max((done for earlier, done in self._done[job_id].items() if earlier < fence), default=0)

    def _see(self, connection: Connection, reply: bytes) -> bool:
        verb, arguments = verb_of(connection.last_request)
        if verb != "report" or not reply.startswith(WRITTEN):
            return True
        named = arguments[4 + int(arguments[2]) :]  # see `report.lua`
        checkpoint = dict(zip(named[::2], named[1::2], strict=True)).get("checkpoint_json")
        if checkpoint:
            job_id, fence = arguments[0], int(arguments[1])
            done = json.loads(checkpoint)["done"]
            self._done[job_id][fence] = max(done, self._done[job_id].get(fence, 0))
        return True


def items_by_attempt(effects: Sequence[Effect]) -> dict[tuple[str, int], list[int]]:
    """(job id, fence) → the items it dealt with, in order."""
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for effect in effects:
        if effect.kind.startswith(ITEM):
            found[effect.job_id, effect.fence].append(int(effect.kind.removeprefix(ITEM)))
    return found


def repeated_items(checkpoints: Checkpoints, items: dict[tuple[str, int], list[int]]) -> list[str]:
    """An attempt begins behind the last acknowledged item, and goes on one by one."""
    found = []
    for (job_id, fence), numbers in items.items():
        done = checkpoints.before(job_id, fence)
        if numbers[0] < done:
            found.append(f"{job_id} began at item {numbers[0]} again, though {done} were saved")
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            found.append(f"{job_id} dealt with {numbers}")
    return found


def skipped_items(items: dict[tuple[str, int], list[int]], ended: Sequence[str], wanted: int) -> list[str]:
    """A job that ended in SUCCESS has dealt with every item, in one attempt or in several."""
    dealt_with: dict[str, set[int]] = defaultdict(set)
    for (job_id, _), numbers in items.items():
        dealt_with[job_id].update(numbers)
    every = set(range(wanted))
    return [f"{job_id} never dealt with {every - dealt_with[job_id]}" for job_id in ended if dealt_with[job_id] < every]


def jumping_bars(checkpoints: Checkpoints, diary: Diary) -> list[str]:
    """Within an attempt the bar only grows; that of a resumed job never shows less than what was saved."""
    found = []
    for job_id in list(diary.moves):
        last: dict[int, float] = {}
        for fence, current in diary.bars(job_id):
            saved = checkpoints.before(job_id, fence)
            if saved and current < saved:
                found.append(f"{job_id} showed {current:g} in its attempt {fence}, though {saved} were saved")
            if 0 <= current < last.get(fence, 0):
                found.append(f"{job_id} went back from {last[fence]:g} to {current:g}")
            last[fence] = current
    return found
