"""The `Idempotency-Key` header (IETF draft-ietf-httpapi-idempotency-key-header-07).

The key's job is recorded in the same atomic call as the job itself, so a second
request either comes first or finds the whole job: there is no moment "in
flight" for which the draft's 409 would be needed.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson

from headway.problem import Problem
from headway.store import Idempotency

KEY = re.compile(r'(")?([A-Za-z0-9_:.-]{1,255})(?(1)")')


def read_idempotency(header: str | None, route: str, request: Any) -> Idempotency | None:
    """The key with the fingerprint of its request; None without the header. Raises `invalid-idempotency-key`."""
    if header is None:
        return None
    match = KEY.fullmatch(header)
    if not match:
        detail = "An Idempotency-Key is sent once and has 1 to 255 characters of A-Z a-z 0-9 _ - : . such as a UUID."
        raise Problem("invalid-idempotency-key", detail)
    fingerprint = orjson.dumps(request, option=orjson.OPT_SORT_KEYS)
    return Idempotency(_digest(f"{route} {match[2]}".encode()), _digest(fingerprint))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
