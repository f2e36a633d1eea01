"""Recognises Headway's moves on the wire between a process and Valkey: which script is called, with what."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache

from headway.scripts import VERBS, source_of
from submit.doorbell import build_doorbell

_WORD = re.compile(rb"\$(\d+)\r\n")
DOORBELL_TASK = b"headway.run"


@cache
def _verbs_by_sha() -> Mapping[bytes, str]:
    """Valkey calls a script by its digest, which the store computes from the same text."""
    doorbell = build_doorbell()
    return {hashlib.sha1(source_of(verb, doorbell).encode()).hexdigest().encode(): verb for verb in VERBS}


def words_of(request: bytes) -> list[bytes]:
    """The words of a command; empty when the bytes are not the whole of one."""
    words, position = [], request.find(b"\r\n") + 2
    while match := _WORD.match(request, position):
        length, start = int(match[1]), match.end()
        words.append(request[start : start + length])
        position = start + length + 2
    return words


def verb_of(request: bytes) -> tuple[str, list[str]]:
    """The move that a request asks for and its arguments; an empty verb for anything else."""
    if b"EVALSHA" not in request[:40]:
        return "", []
    words = words_of(request)
    verb = _verbs_by_sha().get(words[1], "") if len(words) > 3 else ""
    return verb, [word.decode("utf-8", "replace") for word in words[4:]] if verb else []


def is_doorbell_reply(request: bytes, reply: bytes) -> bool:
    """A BRPOP that brings a message: at this moment it exists nowhere but in these bytes."""
    return b"BRPOP" in request and DOORBELL_TASK in reply
