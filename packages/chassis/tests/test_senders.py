"""Who may send: programs and our own page, at a host of ours; no page of another site."""

from __future__ import annotations

import pytest
from flask import Request
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from chassis.senders import refuse_other_hosts
from headway.problem import Problem

OURS = ("localhost", "127.0.0.1", "[::1]")


def request_for(host: str) -> Request:
    return Request(EnvironBuilder(headers={"Host": host}).get_environ())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://outside-of-a-proxy.example"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
    ],
    ids=["no browser", "our page", "our page behind a proxy", "typed by the user", "our page in an old browser"],
)
def test_programs_and_our_own_page_may_change_something(client: FlaskClient, headers: dict[str, str]) -> None:
    response = client.post("/fine", headers=headers)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
    ids=str,
)
def test_pages_of_other_origins_may_not(client: FlaskClient, headers: dict[str, str]) -> None:
    response = client.post("/fine", headers=headers)

    assert (response.status_code, response.mimetype) == (403, "application/problem+json")
    assert response.get_json()["type"] == "/problems/cross-site"


def test_links_of_other_sites_lead_here(client: FlaskClient) -> None:
    response = client.get("/fine/a", headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "localhost:"])
def test_a_trusted_host_may_have_any_port(host: str) -> None:
    refuse_other_hosts(request_for(host), OURS)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "evil.localhost", "::1", "127.0.0.1.nip"]
)
def test_any_other_host_is_refused_with_what_to_do(host: str) -> None:
    with pytest.raises(Problem, match="HEADWAY_TRUSTED_HOSTS") as refused:
        refuse_other_hosts(request_for(host), OURS)

    assert (refused.value.slug, refused.value.status) == ("misdirected-request", 421)


def test_every_host_can_be_trusted() -> None:
    refuse_other_hosts(request_for("evil.example"), ("*",))
