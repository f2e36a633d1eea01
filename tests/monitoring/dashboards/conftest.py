"""A Prometheus that answers every question with the same two tasks, or with nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

STOP_SECONDS = 10
POLL_SECONDS = 0.02
EDGES = ("0.1", "1.0", "+Inf")


class Answering(BaseHTTPRequestHandler):
    """Two series for each question; the questions are kept."""

    asked: list[str]
    empty: bool

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        question = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.asked.append(question["query"])
        result = [] if self.empty else [self._series(url.path, question, number) for number in range(len(EDGES))]
        body = json.dumps({"status": "success", "data": {"result": result}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _series(self, path: str, question: dict[str, str], number: int) -> dict[str, Any]:
        labels = {"task": f"task {number}", "queue": "$dollars", "le": EDGES[number]}
        if path.endswith("/query"):
            return {"metric": labels, "value": [float(question["time"]), "3.5"]}
        start, end, step = (float(question[name]) for name in ("start", "end", "step"))
        moments = [start + index * step for index in range(int((end - start) / step) + 1)]
        return {"metric": labels, "values": [[at, "NaN" if at == end else str(number)] for at in moments]}

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Prometheus:
    """Where it is, what it was asked, and whether it knows anything."""

    def __init__(self, port: int, requests: type[Answering]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked = requests.asked
        self._requests = requests

    def forget(self) -> None:
        self._requests.empty = True


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    class Requests(Answering):
        empty = False

    Requests.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    thread = Thread(target=server.serve_forever, args=(POLL_SECONDS,))
    thread.start()
    try:
        yield Prometheus(server.server_port, Requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(STOP_SECONDS)
