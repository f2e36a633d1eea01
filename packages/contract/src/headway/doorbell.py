"""The doorbell: a Celery message that carries a job id and nothing else.

Celery itself builds the message, once, with marks where the id, the lane and
the time limits belong; the store's scripts fill the marks in. So a doorbell can
be rung from inside Redis, in the same atomic call as the record, and any stock
Celery worker understands it.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import orjson

RUN_TASK = "headway.run"
"""The one task that Celery knows; what it runs is looked up in the record."""

ECHO_TASK = "headway.echo"
"""What a worker rings at its own door, to know that it still hears."""

LIST_SEPARATOR = "@"
"""Between a queue's list and its lane, as in `queue:default@2`; no queue name may hold it."""

HARD_LIMIT_GRACE_SECONDS = 10
"""After its time limit a task gets this long to clean up before its process is ended."""

QUEUE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


def celery_queue(queue: str) -> str:
    """The name Celery has for a queue; the store's key prefix stands in front of it in Redis."""
    return f"queue:{queue}"


def echo_queue(worker_name: str) -> str:
    """The queue that only this worker answers."""
    return f"echo:{worker_name}"


def doorbell_template(app: Any) -> str:
    """Build the message with a Celery app, which is passed in so that this package needs no Celery."""
    return _message(app, RUN_TASK)


def echo_message(app: Any) -> str:
    """A whole message: nothing is left to be filled in."""
    marks = {"id": "echo", "tag": "echo", "lane": "0", "hard": "null", "soft": "null"}
    return re.sub(r"@(\w+)@", lambda mark: marks[mark[1]], _message(app, ECHO_TASK))


def _message(app: Any, task: str) -> str:
    message = app.amqp.as_task_v2("@id@", task, ignore_result=True, origin="headway", reply_to="")
    headers = dict(message.headers, timelimit=["@hard@", "@soft@"])
    properties = dict(
        message.properties,
        body_encoding="base64",
        delivery_info={"exchange": "", "routing_key": ""},
        delivery_mode=2,
        delivery_tag="@tag@",
        priority="@lane@",
    )
    envelope = {
        "body": base64.b64encode(orjson.dumps(message.body)).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }
    # These three are numbers (or null) in the message, so their marks lose the quotes.
    return re.sub(r'"(@(?:hard|soft|lane)@)"', r"\1", orjson.dumps(envelope).decode())
