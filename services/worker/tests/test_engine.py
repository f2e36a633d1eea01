"""What the worker's parent does in the place of a child."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from headway.job import Job, State
from headway.memory import MemoryJobStore
from headway.store import Settlement
from worker.engine import Engine


@pytest.fixture
def engine(store: Any) -> Engine:
    settings: Any = None
    return Engine(settings, {}, node="node", _stores={os.getpid(): store})


def test_a_job_is_settled_for_the_child_that_runs_it(
    engine: Engine, store: MemoryJobStore, submit: Callable[..., Job]
) -> None:
    job = submit("any")
    store.claim(job.id, engine.owner(7))

    assert not engine.settle_for(job.id, 8, lambda job: Settlement(State.FAILURE))
    assert engine.settle_for(job.id, 7, lambda job: Settlement(State.FAILURE))

    assert store.fetch(job.id).state is State.FAILURE


def test_a_job_whose_record_is_gone_is_nobodys(engine: Engine) -> None:
    assert not engine.settle_for("no-such-job", 7, lambda job: Settlement(State.FAILURE))
