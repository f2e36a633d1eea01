"""Who may send a request: a client that names a host of ours, and no page of another site.

An API that asks nobody who he is can be reached by every page that its user's
browser shows. A page of another site cannot read our answers, but could send
what changes something: a plain form suffices. Or it has its own name lead here
(DNS rebinding) and is our site then, as far as the browser can tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from flask import Request

from headway.problem import Problem, clip

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
ANY_HOST = "*"
_PORT = re.compile(r":\d*$")


def refuse_other_sites(request: Request) -> None:
    """Raises `cross-site` for what a page of another origin sent and could change something."""
    if request.method in SAFE_METHODS or _is_of_our_origin(request):
        return
    detail = (
        "A page of another site sent this, which its user may not know. "
        "Send it from Headway's own page, or from a program that is no browser."
    )
    raise Problem("cross-site", detail)


def _is_of_our_origin(request: Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")  # none: the user typed it, no page did
    # Browsers leave it out where the page did not come by TLS or from this machine. Other clients send neither.
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2].lower() == request.headers.get("Host", "").lower()


def refuse_other_hosts(request: Request, trusted: Collection[str]) -> None:
    """Raises `misdirected-request` for a request whose host is none of these, on whatever port."""
    host = request.headers.get("Host", "")
    if ANY_HOST in trusted or _PORT.sub("", host).lower() in trusted:
        return
    detail = (
        f"The host {clip(host, 100)!r} is none of this Headway, which are: {' '.join(trusted)}. "
        "Use one of them, or add yours to HEADWAY_TRUSTED_HOSTS."
    )
    raise Problem("misdirected-request", detail)
