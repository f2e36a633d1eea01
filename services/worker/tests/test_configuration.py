"""How the address of Redis is told to Celery's transport."""

from __future__ import annotations

import pytest
from kombu import Connection

from worker.configuration import broker_url


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("redis://worker:p%40ss@redis:6379/2", "redis://worker:p%40ss@redis:6379/2"),
        ("unix:///run/redis.sock?db=1", "redis+socket:///run/redis.sock?db=1"),
        ("rediss://redis:6379/0", "rediss://redis:6379/0?ssl_cert_reqs=required"),
        ("rediss://redis/0?ssl_ca_certs=/ca.crt", "rediss://redis/0?ssl_ca_certs=/ca.crt&ssl_cert_reqs=required"),
        ("rediss://redis/0?ssl_cert_reqs=none", "rediss://redis/0?ssl_cert_reqs=none"),
    ],
)
def test_the_transport_gets_the_address_in_its_own_words(address: str, url: str) -> None:
    assert broker_url(address) == url


def test_a_password_with_signs_in_it_reaches_the_transport_whole() -> None:
    connection = Connection(broker_url("redis://worker:p%40ss%2Fword@redis:6379/2"))

    assert (connection.userid, connection.password, connection.virtual_host) == ("worker", "p@ss/word", "2")
