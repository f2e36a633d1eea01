"""Pods may do little, are asked the right questions, and have the time that they need to end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from chassis.settings import KNOWN

ROOT = Path(__file__).resolve().parents[2]
NGINX = ROOT / "services/frontend/nginx/headway.conf.template"
MARGIN_SECONDS = 5
HAND_BACK_SECONDS = 45
"""What a worker needs after its drain time: to hand jobs back, and to end."""
UNITS = {"Mi": 2**20, "Gi": 2**30, "mb": 2**20, "gb": 2**30}
# Of nginx's image: to find the name servers; and what others are made of.
OTHER_VARIABLES = {"NGINX_ENTRYPOINT_LOCAL_RESOLVERS", "POD_NAMESPACE", "PUBLIC_SERVER_NAMES"}


def number_in(name: str, pattern: str) -> float:
    found = re.search(pattern, (ROOT / name).read_text(), re.M)
    assert found, f"{name} does not say {pattern}"
    return float(found[1])


def bytes_of(quantity: str) -> int:
    return int(quantity[:-2]) * UNITS[quantity[-2:]]


def sleep_seconds(container: dict[str, Any]) -> int:
    return int(container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))


# What they may do


def test_every_container_keeps_to_the_restricted_standard(manifests: Any) -> None:
    for pod in manifests.pods:
        ours = pod.spec["securityContext"]
        assert ours["runAsNonRoot"] is True
        assert ours["runAsUser"] > 0
        assert ours["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod.containers:
            rules = container["securityContext"]
            assert rules["allowPrivilegeEscalation"] is False
            assert rules["readOnlyRootFilesystem"] is True
            assert rules["capabilities"] == {"drop": ["ALL"]}
            assert not {"privileged", "procMount", "runAsUser", "runAsNonRoot", "seccompProfile"} & set(rules)
            assert all("hostPort" not in port for port in container["ports"])


def test_no_pod_sees_the_node_or_speaks_to_kubernetes(manifests: Any) -> None:
    allowed = {"configMap", "emptyDir", "secret", "persistentVolumeClaim"}

    for pod in manifests.pods:
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & set(pod.spec)
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False
        assert pod.spec["serviceAccountName"] == pod.name
        assert all(set(volume) - {"name"} <= allowed for volume in pod.spec["volumes"])
    for account in manifests.of("ServiceAccount").values():
        assert account["automountServiceAccountToken"] is False


def test_the_namespace_refuses_what_is_not_restricted(manifests: Any) -> None:
    labels = manifests.of("Namespace")["headway"]["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.31"


def test_every_container_can_write_to_its_tmp(manifests: Any) -> None:
    for pod in manifests.pods:
        scratch = {volume["name"]: volume["emptyDir"] for volume in pod.spec["volumes"] if "emptyDir" in volume}
        for container in pod.containers:
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            assert scratch[mounts["/tmp"]]["sizeLimit"]


def test_no_password_is_in_the_manifests(manifests: Any) -> None:
    assert manifests.of("Secret") == {}
    assert not re.search(r"rediss?://[^/\s]*@", manifests.text)


def test_a_service_sees_only_its_own_password(manifests: Any) -> None:
    for name in ("submit", "status", "worker"):
        pod = manifests.pod(name)

        (secret,) = (each["secret"] for each in pod.spec["volumes"] if each["name"] == "password")
        variables = manifests.environment(pod.containers[0])

        assert secret["secretName"] == "redis-passwords"
        assert secret["items"] == [{"key": name, "path": "password"}]
        assert variables["HEADWAY_REDIS_USERNAME"] == name
        mounts = {mount["name"]: mount["mountPath"] for mount in pod.containers[0]["volumeMounts"]}
        assert variables["HEADWAY_REDIS_PASSWORD_FILE"] == f"{mounts['password']}/password"


# What they need


def test_memory_has_a_limit_and_the_cpu_has_none(manifests: Any) -> None:
    for pod in manifests.pods:
        for container in pod.containers:
            resources = container["resources"]
            assert set(resources["requests"]) == {"cpu", "memory"}
            assert set(resources["limits"]) == {"memory"}
            assert bytes_of(resources["requests"]["memory"]) <= bytes_of(resources["limits"]["memory"])


def test_what_is_kept_in_memory_leaves_most_of_the_limit(manifests: Any) -> None:
    for pod in manifests.pods:
        limit = bytes_of(pod.containers[0]["resources"]["limits"]["memory"])
        folders = [volume["emptyDir"] for volume in pod.spec["volumes"] if "emptyDir" in volume]

        kept = sum(bytes_of(each["sizeLimit"]) for each in folders if each.get("medium") == "Memory")

        assert kept <= limit / 8


@pytest.mark.parametrize("name", ["base", "local", "production"])
def test_redis_may_fill_three_quarters_of_its_memory_and_has_a_disk_for_thrice_that(build: Any, name: str) -> None:
    redis = build(name).pod("redis")
    (container,) = redis.containers

    maximum = bytes_of(build(name).environment(container)["MAXMEMORY"])

    assert maximum == bytes_of(container["resources"]["limits"]["memory"]) * 3 / 4
    (claim,) = redis.workload["spec"]["volumeClaimTemplates"]
    assert bytes_of(claim["spec"]["resources"]["requests"]["storage"]) >= 3 * maximum


def test_redis_is_set_up_to_lose_nothing(build: Any) -> None:
    arguments = build("encrypted").pod("redis").containers[0]["args"]
    options = dict(zip(arguments[1::2], arguments[2::2], strict=True))

    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--save"] == ""
    assert options["--maxmemory-policy"] == "noeviction"
    assert (options["--port"], options["--tls-port"]) == ("0", "6379")


def test_every_variable_is_a_setting_of_its_reader(manifests: Any) -> None:
    settings = {f"HEADWAY_{name.upper()}" for name in KNOWN}
    of_nginx = set(re.findall(r"\$\{((?:HEADWAY|NGINX)_[A-Z_]+)\}", NGINX.read_text())) | OTHER_VARIABLES

    for pod in manifests.pods:
        names = set(manifests.environment(pod.containers[0]))
        if pod.name != "redis":
            assert names <= (of_nginx if pod.name == "frontend" else settings), pod.name


def test_nginx_looks_for_the_services_where_they_are(manifests: Any) -> None:
    variables = manifests.environment(manifests.pod("frontend").containers[0])

    for name in ("submit", "status"):
        (port,) = manifests.of("Service")[name]["spec"]["ports"]
        server = f"server {name}.$(POD_NAMESPACE).svc.cluster.local:{port['port']} resolve max_fails=0;"
        assert variables[f"HEADWAY_{name.upper()}_SERVERS"] == server
    names = [each["name"] for each in manifests.pod("frontend").containers[0]["env"]]
    assert names.index("POD_NAMESPACE") < names.index("HEADWAY_SUBMIT_SERVERS"), "only what stands before is known"


# What they are asked


def test_no_outage_of_redis_ends_a_pod_or_takes_it_out_of_its_service(manifests: Any) -> None:
    for name in ("submit", "status"):
        (container,) = manifests.pod(name).containers
        for probe in ("livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"] == {"path": "/livez", "port": "metrics"}
    assert manifests.pod("worker").containers[0]["livenessProbe"]["httpGet"]["path"] == "/livez"


def test_a_rollout_stops_at_a_pod_that_cannot_reach_redis_and_waits_ten_minutes_for_it(manifests: Any) -> None:
    for name in ("submit", "status", "worker"):
        deployment = manifests.of("Deployment")[name]
        (container,) = manifests.pod(name).containers

        probe = container["startupProbe"]

        assert probe["httpGet"] == {"path": "/readyz", "port": "metrics"}
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 600
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_every_probe_asks_a_port_that_is_there(manifests: Any) -> None:
    for pod in manifests.pods:
        for container in pod.containers:
            probes = [container[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")]
            assert all("exec" in probe or probe["httpGet"]["port"] in pod.ports for probe in probes)


def test_redis_answers_its_probe_on_the_way_that_it_listens(build: Any) -> None:
    for name, is_encrypted in (("base", False), ("encrypted", True)):
        (container,) = build(name).pod("redis").containers
        assert build(name).config("headway")["HEADWAY_REDIS_URL"].startswith("rediss:" if is_encrypted else "redis:")
        for kind in ("startup", "liveness", "readiness"):
            command = container[f"{kind}Probe"]["exec"]["command"]
            assert ("--tls" in command) is is_encrypted
            assert command[-1] == "ping"


# How they end


@pytest.mark.parametrize("name", ["submit", "status"])
def test_a_service_has_the_time_to_answer_its_last_requests(manifests: Any, name: str) -> None:
    needed = number_in(f"services/{name}/src/{name}/__main__.py", r"_SECONDS_AT_STOP = (\d+)")
    pod = manifests.pod(name)

    assert sleep_seconds(pod.containers[0]) >= 5
    assert sleep_seconds(pod.containers[0]) + needed + MARGIN_SECONDS <= pod.spec["terminationGracePeriodSeconds"]


def test_nginx_has_the_time_to_end_its_requests(manifests: Any) -> None:
    needed = number_in("services/frontend/nginx/headway.conf.template", r"^worker_shutdown_timeout (\d+)s;")
    pod = manifests.pod("frontend")

    assert sleep_seconds(pod.containers[0]) >= 10
    assert sleep_seconds(pod.containers[0]) + needed + MARGIN_SECONDS <= pod.spec["terminationGracePeriodSeconds"]


def test_a_worker_has_the_time_to_drain_and_to_hand_back(manifests: Any) -> None:
    pod = manifests.pod("worker")
    settings = manifests.environment(pod.containers[0])
    drain, last_scrape = float(settings["HEADWAY_DRAIN_SECONDS"]), float(settings.get("HEADWAY_LAST_SCRAPE_SECONDS", 0))

    assert sleep_seconds(pod.containers[0]) == 0
    assert drain + HAND_BACK_SECONDS + last_scrape <= pod.spec["terminationGracePeriodSeconds"]


def test_a_worker_that_is_watched_does_not_end_before_it_was_asked_once_more(production: Any) -> None:
    settings = production.environment(production.pod("worker").containers[0])
    (monitor,) = production.of("PodMonitor").values()
    intervals = [each["interval"] for each in monitor["spec"]["podMetricsEndpoints"]]

    assert all(float(settings["HEADWAY_LAST_SCRAPE_SECONDS"]) > float(each.removesuffix("s")) for each in intervals)
