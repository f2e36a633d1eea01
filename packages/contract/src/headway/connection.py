"""Connections to Redis: how long we wait, and how often we ask again."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


class UnpolledConnection(redis.Connection):
    """A connection that is not polled before every command.

    The pool asks each time whether the server has closed it, a fifth of a request's
    time; the one repeat of `connect` covers that case as well. Only for processes in
    which no signal raises between a command and its answer (not for a worker's
    children with their time limits): there the poll also finds an answer left behind.
    """

    def can_read(self, timeout: float | None = None) -> bool:
        # The pool asks without a time; a subscription that waits for data names one.
        return False if timeout is None else bool(super().can_read(timeout=timeout))


def connect(
    url: str, *, timeout_seconds: float = 1.0, connection_class: type[redis.Connection] = redis.Connection
) -> redis.Redis:
    """A client that fails fast: one repeat for a connection that went stale, none for a server that hangs."""
    # For TLS and for a socket in the file system the library has classes of its own; one that is named goes before.
    named = {"connection_class": connection_class} if url.startswith("redis://") else {}
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        health_check_interval=10,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        **named,
    )


def check_url(url: str) -> None:
    """Raises `ValueError` when the URL cannot be meant; nobody is asked, and nobody need be there."""
    database = urlsplit(url).path.strip("/")
    if not url.startswith("unix://") and database and not database.isdecimal():
        # The client library would take database 0 for it, and Celery end.
        raise ValueError(f"the database is a number, as in /0, and not {database!r}")
    try:
        connect(url).connection_pool.make_connection()
    except TypeError as error:  # the library hands on every option that it finds in the URL
        raise ValueError(f"an option behind the question mark is not known ({error})") from error


def with_credentials(url: str, username: str, password: str) -> str:
    """The same URL for that user; what the URL itself may say of one is left out."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(username, safe='')}:{quote(password, safe='')}@{address}").geturl()
