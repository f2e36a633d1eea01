"""Read a request body as JSON, strictly: what is ambiguous or could hurt is refused with its place and its cure."""

from __future__ import annotations

import json
import math
from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from headway.problem import Problem, clip

MAX_DEPTH = 32
MAX_ELEMENTS = 10_000
MAX_DIGITS = 20
SAFE_INTEGERS = range(-(2**63), 2**64)
CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii"})


def read_json(request: Request, example: str) -> Any:
    """The decoded body. Raises a `Problem` with status 400, 413 or 415; the example is for who sent nothing."""
    _check_media_type(request)
    body = request.get_data(cache=False)
    _check_length(request, body)
    if not body.strip():
        raise Problem("empty-body", f"Send a JSON object such as {example}.")
    return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Decode UTF-8 JSON without NaN, duplicate keys, lone surrogates or depths that exhaust a stack."""
    text = _decode(body)
    _check_depth(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        raise Problem("invalid-json", f"{error.msg} at line {error.lineno}, column {error.colno}.") from None
    _check_values(value)
    return value


def _check_media_type(request: Request) -> None:
    accepts = {"Accept-Post": "application/json"}
    if request.mimetype != "application/json":
        shown = clip(request.mimetype or "none", 100)
        detail = f"The Content-Type is {shown!r}. Send the header Content-Type: application/json."
        raise Problem("unsupported-media-type", detail, headers=accepts)
    charset = request.mimetype_params.get("charset", "").lower()
    if charset not in CHARSETS:
        detail = f"The charset {clip(charset, 40)!r} is not read here. Send the JSON as UTF-8."
        raise Problem("unsupported-media-type", detail, headers=accepts)
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        detail = f"The Content-Encoding {clip(encoding, 40)!r} is not read here. Send the body uncompressed."
        raise Problem("unsupported-media-type", detail, headers=accepts | {"Accept-Encoding": "identity"})


def _check_length(request: Request, body: bytes) -> None:
    """Werkzeug says nothing when it stops at the limit of a chunked body, nor when a client leaves too early."""
    if request.content_length is None:
        # Only a server that ends the input itself may be asked for more: others would wait for the client.
        if request.environ.get("wsgi.input_terminated") and request.environ["wsgi.input"].read(1):
            raise RequestEntityTooLarge
    elif len(body) < request.content_length:
        detail = f"The body ended after {len(body)} of {request.content_length} bytes. Send all of it."
        raise Problem("bad-request", detail)


def _decode(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8: byte {error.start} cannot be read. Encode the JSON as UTF-8."
        raise Problem("invalid-encoding", detail) from None
    if text.startswith("\ufeff"):
        raise Problem("invalid-encoding", "The body begins with a byte order mark. Send UTF-8 without one.")
    return text


def _check_depth(text: str) -> None:
    """Look at brackets outside strings before the parser does: it recurses, and deep input would exhaust its stack."""
    depth = 0
    in_string = is_escaped = False
    for character in text if text.count("[") + text.count("{") > MAX_DEPTH else "":
        if in_string:
            in_string = is_escaped or character != '"'
            is_escaped = character == "\\" and not is_escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Problem("json-too-deep", f"The JSON is nested deeper than {MAX_DEPTH} levels. Flatten it.")
        elif character in "]}":
            depth -= 1


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in members:
        if name in found:
            detail = f"The key {clip(name, 100)!r} stands twice in one object. Which value is meant? Send it once."
            raise Problem("duplicate-key", detail)
        found[name] = value
    return found


def _refuse_constant(word: str) -> Any:
    raise Problem("invalid-number", f"{word} is not a JSON number. Send null or a text instead.")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise Problem("invalid-number", f"{clip(digits, 40)} is beyond what a double can hold. Send it as a text.")
    return number


def _whole(digits: str) -> int:
    # The length first: converting thousands of digits is slow, and Python refuses it.
    if len(digits) > MAX_DIGITS or int(digits) not in SAFE_INTEGERS:
        detail = f"{clip(digits, 30)} does not fit 64 bits. Send such a number as a text."
        raise Problem("number-too-large", detail)
    return int(digits)


def _check_values(value: Any) -> None:
    """Count the elements and find texts that could never be sent back."""
    left = [value]
    seen = 0
    while left:
        seen += 1
        if seen > MAX_ELEMENTS:
            detail = f"The JSON has more than {MAX_ELEMENTS:,} elements. Send a reference to the data instead."
            raise Problem("json-too-complex", detail)
        each = left.pop()
        if isinstance(each, str):
            _check_text(each)
        elif isinstance(each, dict):
            left.extend(each.keys())
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        detail = "A text holds half of a surrogate pair (such as \\ud800). Send both halves, or the character itself."
        raise Problem("invalid-string", detail) from None
