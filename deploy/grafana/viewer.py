#!/usr/bin/env python3
"""Shows the dashboards in a browser where there is no Grafana: `viewer.py --port 3000 --prometheus URL`.

For this machine alone: it listens on loopback, answers GET, and draws a picture again when it is ten seconds old. The
addresses are Grafana's, so that a link to /d/headway-jobs works with either.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qs, urlsplit

from all_dashboards import all_dashboards
from answers import NoAnswer
from drawing import draw
from pages import RANGES, REFRESH_SECONDS, page
from panels import Dashboard

NAMES = {"127.0.0.1", "localhost", "[::1]"}
"""Hosts that a request may name: a page elsewhere whose name leads here shall read nothing."""
STEPS = 120
LEAST_STEP_SECONDS = 15
REQUEST_SECONDS = 30
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; script-src 'self'",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="its address")
    options = parser.parse_args()
    try:
        server = serving(options.port, options.prometheus)
    except OSError as error:
        sys.exit(f"Nothing can listen on port {options.port} of 127.0.0.1 ({error.strerror}). Take another --port.")
    with server:
        print(f"Dashboards on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def serving(port: int, prometheus_url: str) -> ThreadingHTTPServer:
    """A server that is bound and not yet started."""
    gallery = Gallery(prometheus_url)

    class Visit(DashboardRequest):
        pictures = gallery

    server = ThreadingHTTPServer(("127.0.0.1", port), Visit)
    server.daemon_threads = True
    return server


@dataclass
class Gallery:
    """The pictures, each drawn once for all who look within some seconds. One at a time: drawing takes a whole core."""

    prometheus_url: str
    lock: Lock = field(default_factory=Lock)
    drawn: dict[tuple[str, int], tuple[float, bytes]] = field(default_factory=dict)

    def picture(self, dashboard: Dashboard, minutes: int) -> bytes:
        with self.lock:
            at, png = self.drawn.get((dashboard.name, minutes), (0.0, b""))
            if time.monotonic() - at < REFRESH_SECONDS and png:
                return png
            png = self._draw(dashboard, minutes)
            self.drawn[dashboard.name, minutes] = (time.monotonic(), png)
            return png

    def _draw(self, dashboard: Dashboard, minutes: int) -> bytes:
        step = max(LEAST_STEP_SECONDS, minutes * 60 // STEPS)
        end = time.time() // step * step  # on the step, so that a line does not flicker from picture to picture
        return draw(dashboard, self.prometheus_url, end - minutes * 60, end, step)


class DashboardRequest(BaseHTTPRequestHandler):
    """GET of a page, its script, or a picture; anything else is refused."""

    pictures: Gallery
    timeout = REQUEST_SECONDS
    server_version = "headway-dashboards"
    sys_version = ""

    def do_GET(self) -> None:
        if self.headers.get("Host", "").rpartition(":")[0] not in NAMES and self.headers.get("Host") not in NAMES:
            return self._answer(421, "This viewer is for its own machine: ask for 127.0.0.1.")
        url = urlsplit(self.path)
        minutes = chosen_minutes(parse_qs(url.query))
        if url.path == "/refresh.js":
            return self._answer(200, SCRIPT, "text/javascript")
        if url.path == "/":
            return self._send(302, b"", {"Location": "/d/headway-jobs"})
        for dashboard in all_dashboards():
            if url.path == f"/d/{dashboard.uid}":
                return self._answer(200, page(dashboard, minutes), "text/html")
            if url.path == f"/{dashboard.name}.png":
                return self._picture(dashboard, minutes)
        return self._answer(404, f"There is no {url.path} here. The dashboards start at /.")

    def _picture(self, dashboard: Dashboard, minutes: int) -> None:
        try:
            png = self.pictures.picture(dashboard, minutes)
        except NoAnswer as error:
            return self._answer(502, str(error))
        return self._send(200, png, {"Content-Type": "image/png"})

    def _answer(self, status: int, text: str, kind: str = "text/plain") -> None:
        self._send(status, text.encode(), {"Content-Type": f"{kind}; charset=utf-8"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: a page that refreshes itself would fill the terminal."""


def chosen_minutes(query: Mapping[str, list[str]]) -> int:
    """One of the ranges on offer."""
    asked = query.get("minutes", [""])[0]
    return next((minutes for minutes in RANGES if str(minutes) == asked), next(iter(RANGES)))


SCRIPT = f"""\
const picture = document.querySelector("img"), trouble = document.querySelector("output");
async function refresh() {{
  const next = new Image();
  next.src = picture.src.split("&")[0] + "&at=" + Date.now();
  try {{
    await next.decode();
    picture.src = next.src;
    trouble.textContent = "";
  }} catch {{
    trouble.textContent = "Prometheus does not answer. The picture is old.";
  }}
  setTimeout(refresh, {REFRESH_SECONDS * 1000});
}}
setTimeout(refresh, {REFRESH_SECONDS * 1000});
"""


if __name__ == "__main__":
    main()
