"""Clients of the services: they submit, ask, and write down in the history what they were told."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from history import History

LOOPBACK = "127.0.0.1"
TIMEOUT_SECONDS = 15.0
PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    """0 when the connection broke before an answer."""
    headers: Mapping[str, str]
    body: Any
    seconds: float = 0.0


class Client:
    """One user with one connection; not for two threads at the same time."""

    def __init__(self, name: str, history: History, submit_port: int, status_port: int = 0) -> None:
        self.name = name
        self.submits = 0
        self.errors: list[str] = []
        """What went wrong with its requests, `status slug` or the connection's error."""
        self._history = history
        self._ports = {"submit": submit_port, "status": status_port or submit_port}
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def submit(self, task: str, *, key: str = "", idempotent: bool = True, **body: Any) -> str | None:
        """One try; the job's id when it was accepted. The key is the job's tag, and its idempotency key."""
        key = key or self.next_key()
        self._history.add(self.name, "submit", "invoke", key=key)
        headers = {"Idempotency-Key": key} if idempotent else {}
        answer = self.request("submit", "POST", "/jobs", {"task": task, "tags": [key], **body}, headers)
        if answer.status == 202:
            job_id: str = answer.body["id"]
            self._history.add(self.name, "submit", "ok", key=key, job_id=job_id)
            return job_id
        detail = f"{answer.status} {answer.body}"[:200]
        # A 503 leaves it open whether the commit happened; only a refusal of the request itself is sure.
        outcome = "fail" if 400 <= answer.status < 500 else "unknown"
        self._history.add(self.name, "submit", outcome, key=key, detail=detail)  # type: ignore[arg-type]
        return None

    def submit_until_accepted(self, task: str, *, seconds: float = 60.0, key: str = "", **body: Any) -> str:
        """Ask again with the same key until it is accepted, as a careful client does. Raises `TimeoutError`."""
        key = key or self.next_key()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job_id = self.submit(task, key=key, **body)
            if job_id:
                return job_id
            time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"{self.name} could not submit {key} within {seconds:g} s; last: {self.errors[-1:]}")

    def status(self, job_id: str) -> Answer:
        return self.request("status", "GET", f"/status/{job_id}")

    def next_key(self) -> str:
        self.submits += 1
        return f"{self.name}-{self.submits}"

    def request(
        self, service: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, never repeated; status 0 when there was no whole answer."""
        began = time.monotonic()
        connection = self._connection(service)
        sent = dict(headers or {}) | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            text = answer.read()
            found = Answer(answer.status, dict(answer.headers), _decoded(text), time.monotonic() - began)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._connections.pop(service, None)
            self.errors.append(repr(error))
            return Answer(0, {}, repr(error), time.monotonic() - began)
        if found.status >= 400:
            self.errors.append(f"{found.status} {_slug_of(found.body)}")
        return found

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _connection(self, service: str) -> http.client.HTTPConnection:
        if service not in self._connections:
            port = self._ports[service]
            self._connections[service] = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS)
        return self._connections[service]


def _decoded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace")


def _slug_of(body: Any) -> str:
    return str(body.get("type", "")).rpartition("/")[2] if isinstance(body, dict) else str(body)[:100]
