"""What somebody finds who gets into a container: little to use, and nobody else's secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest

SERVICES = ("frontend", "submit", "status", "worker", "redis")
PYTHON_SERVICES = ("submit", "status", "worker")
USERS = {"frontend": 101, "submit": 10001, "status": 10001, "worker": 10001, "redis": 999}
NOTHING = "0000000000000000"


def status_of_first_process(containers: Any, container: str) -> dict[str, str]:
    lines = containers.execute(container, "cat", "/proc/1/status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("service", SERVICES)
def test_the_first_process_is_the_service_with_no_rights(containers: Any, service: str) -> None:
    [container] = containers.of(service)

    found = status_of_first_process(containers, container)

    assert found["Name"] not in ("sh", "bash", "dash")
    assert set(found["Uid"].split()) == {str(USERS[service])}
    assert {found["CapEff"], found["CapPrm"], found["CapBnd"]} == {NOTHING}
    assert found["NoNewPrivs"] == "1"
    assert found["Seccomp"] == "2"


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_but_tmp_can_be_written(containers: Any, service: str) -> None:
    [container] = containers.of(service)

    containers.execute(container, "touch", "/tmp/written")

    for path in ("/", "/usr/bin", "/etc", "/opt"):
        assert "Read-only file system" in containers.refusal(container, "touch", f"{path}/written")


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_has_limits_and_a_health_check(containers: Any, service: str) -> None:
    [container] = containers.of(service)

    found = containers.inspect(container)

    assert found["HostConfig"]["Memory"] > 0
    assert found["HostConfig"]["PidsLimit"] > 0
    assert found["State"]["Health"]["Status"] == "healthy"
    assert not found["HostConfig"]["Privileged"]


@pytest.mark.parametrize("service", PYTHON_SERVICES)
def test_an_image_holds_what_its_service_needs_and_no_tools_to_build(containers: Any, service: str) -> None:
    [container] = containers.of(service)
    find = "import importlib.util, shutil; print([t for t in ('uv', 'gcc', 'cc', 'make', 'git') if shutil.which(t)], "

    tools_and_celery = containers.python(container, find + "importlib.util.find_spec('celery') is not None)")

    assert tools_and_celery == f"[] {service != 'status'}"


@pytest.mark.parametrize("service", ["frontend", *PYTHON_SERVICES])
def test_an_image_says_what_it_is(containers: Any, service: str) -> None:
    [container] = containers.of(service)

    labels = containers.inspect(container)["Config"]["Labels"]

    assert labels["org.opencontainers.image.title"] == f"Headway {service}"
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert labels["org.opencontainers.image.version"]


def test_only_the_frontend_is_published_and_on_loopback_only(containers: Any) -> None:
    published = {
        service: containers.inspect(containers.of(service)[0])["NetworkSettings"]["Ports"] for service in SERVICES
    }

    [binding] = published.pop("frontend")["8080/tcp"]
    assert binding["HostIp"] == "127.0.0.1"
    assert not [ports for ports in published.values() if any(ports.values())]


@pytest.mark.parametrize("service", SERVICES)
def test_no_password_is_in_an_environment(containers: Any, service: str) -> None:
    passwords = [containers.password(each) for each in PYTHON_SERVICES]

    found = json.dumps(containers.inspect(containers.of(service)[0]))

    assert not [password for password in passwords if password in found]


@pytest.mark.parametrize("service", PYTHON_SERVICES)
def test_a_service_has_its_own_password_and_no_other(containers: Any, service: str) -> None:
    [container] = containers.of(service)

    assert containers.execute(container, "ls", "/run/secrets", "/run/secrets/headway").split() == [
        "/run/secrets:",
        "headway",
        "/run/secrets/headway:",
        "password",
    ]


@pytest.mark.parametrize(
    ("service", "other", "port"),
    [("frontend", "redis", 6379), ("frontend", "worker", 9100), ("worker", "submit", 8000), ("worker", "status", 9100)],
)
def test_a_service_reaches_only_whom_it_needs(containers: Any, service: str, other: str, port: int) -> None:
    """By address: that a name is not known proves less."""
    [container], [target] = containers.of(service), containers.of(other)
    networks = containers.inspect(target)["NetworkSettings"]["Networks"].values()

    for address in [network["IPAddress"] for network in networks]:
        containers.refusal(container, "timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}")


@pytest.mark.parametrize("service", ["submit", "status", "redis"])
def test_only_the_frontend_and_the_workers_are_in_a_network_with_a_way_out(containers: Any, service: str) -> None:
    networks = containers.inspect(containers.of(service)[0])["NetworkSettings"]["Networks"]

    assert all(containers.inspect(network)["Internal"] for network in networks)
