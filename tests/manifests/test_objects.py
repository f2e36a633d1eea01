"""The objects fit together: selectors, services, budgets, autoscalers, images, and the rendered file."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "deploy" / "k8s"
SERVICES = {"frontend": 8080, "submit": 8000, "status": 8000, "redis": 6379}
SCALED = {"submit", "status", "worker"}
PLACEHOLDER = "0" * 64


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return selector.get("matchLabels", selector).items() <= labels.items()


def test_every_workload_selects_its_own_pods_and_no_others(manifests: Any) -> None:
    for pod in manifests.pods:
        selector = pod.workload["spec"]["selector"]
        assert [other.name for other in manifests.pods if selects(selector, other.labels)] == [pod.name]


def test_every_service_leads_to_a_port_of_its_pods(manifests: Any) -> None:
    has_redis = "redis" in manifests.of("StatefulSet")
    expected = {name: port for name, port in SERVICES.items() if has_redis or name != "redis"}

    services = manifests.of("Service")

    assert {name: each["spec"]["ports"][0]["port"] for name, each in services.items()} == expected
    for name, service in services.items():
        (pod,) = (pod for pod in manifests.pods if selects(service["spec"]["selector"], pod.labels))
        assert pod.name == name
        assert all(port["targetPort"] in pod.ports for port in service["spec"]["ports"])


def test_everything_is_in_one_namespace(manifests: Any) -> None:
    outside = {each["kind"] for each in manifests.objects if each["metadata"].get("namespace") != "headway"}

    assert outside == {"Namespace"}


def test_pods_of_one_kind_are_spread_over_nodes_and_zones(manifests: Any) -> None:
    for pod in manifests.pods:
        if pod.name not in ("redis", "canary"):  # of which there is one
            spread = pod.spec["topologySpreadConstraints"]
            assert {each["topologyKey"].rpartition("/")[2] for each in spread} == {"hostname", "zone"}
            assert all(selects(each["labelSelector"], pod.labels) for each in spread)


def test_a_budget_always_lets_a_pod_go(manifests: Any) -> None:
    budgets = manifests.of("PodDisruptionBudget")

    assert set(budgets) == {"frontend", "submit", "status", "worker"}
    for name, budget in budgets.items():
        assert [pod.name for pod in manifests.pods if selects(budget["spec"]["selector"], pod.labels)] == [name]
        allowed = str(budget["spec"]["maxUnavailable"])
        pods = manifests.of("Deployment")[name]["spec"].get("replicas", 1)
        assert (math.ceil(pods * int(allowed[:-1]) / 100) if allowed.endswith("%") else int(allowed)) >= 1


def test_what_is_scaled_by_load_has_no_fixed_number(manifests: Any) -> None:
    scalers = [*manifests.of("HorizontalPodAutoscaler").values(), *manifests.of("ScaledObject").values()]
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in scalers}

    fixed = {name for name, each in manifests.of("Deployment").items() if "replicas" in each["spec"]}

    assert scaled in (set(), SCALED)
    assert fixed == set(manifests.of("Deployment")) - scaled


def test_workers_are_scaled_by_the_jobs_in_line_and_at_work(build: Any) -> None:
    for name in ("autoscaled", "everything", "external Redis, everything", "production"):
        manifests = build(name)
        settings = manifests.config("headway")
        scaled = manifests.of("ScaledObject")["worker"]["spec"]
        keys = {each["name"]: each["metadata"]["listName"] for each in scaled["triggers"]}
        prefix = settings["HEADWAY_KEY_PREFIX"]

        assert keys == {"queued": f"{prefix}open:{settings['HEADWAY_QUEUES']}", "running": f"{prefix}leases"}
        assert scaled["advanced"]["scalingModifiers"]["formula"] == "queued + running"
        assert scaled["advanced"]["scalingModifiers"]["target"] == settings["HEADWAY_SLOTS"]


def test_keda_asks_the_redis_that_the_services_use(build: Any) -> None:
    for name in ("autoscaled", "encrypted and autoscaled", "external Redis, everything", "production"):
        manifests = build(name)
        url = manifests.config("headway")["HEADWAY_REDIS_URL"]
        host = re.match(r"rediss?://([^:/]+):6379", url)[1]  # type: ignore[index]

        for trigger in manifests.of("ScaledObject")["worker"]["spec"]["triggers"]:
            inside = f"{host}.headway.svc.cluster.local:6379"
            assert trigger["metadata"]["address"] == (inside if "." not in host else f"{host}:6379")
            assert (trigger["metadata"].get("enableTLS") == "true") is url.startswith("rediss:")


def test_the_metrics_of_every_service_are_collected(build: Any) -> None:
    manifests = build("watched")
    (monitor,) = manifests.of("PodMonitor").values()
    rules = {each["key"]: each["values"] for each in monitor["spec"]["selector"]["matchExpressions"]}

    found = {pod.name for pod in manifests.pods if all(pod.labels[key] in values for key, values in rules.items())}

    assert found == {"frontend", "submit", "status", "worker", "canary"}
    assert all(
        each["port"] in manifests.pod(name).ports for name in found for each in monitor["spec"]["podMetricsEndpoints"]
    )


def test_grafana_finds_every_dashboard_by_its_label(build: Any) -> None:
    files = {f"headway-{path.name}": path.read_text() for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")}

    found = [each for each in build("watched").objects if each["metadata"].get("labels", {}).get("grafana_dashboard")]

    assert {name: text for each in found for name, text in each["data"].items()} == files
    assert {each["metadata"]["annotations"]["grafana_folder"] for each in found} == {"Headway"}
    # `kubectl apply` keeps a copy of the object in an annotation, which takes 256 KiB at most.
    assert all(len(json.dumps(each)) < 200_000 for each in found)


def test_streams_pass_the_gateway_and_nginx_knows_every_name_it_lets_through(build: Any) -> None:
    manifests = build("production")
    (route,) = manifests.of("HTTPRoute").values()
    limits = {each["matches"][0]["path"]["value"]: each["timeouts"]["request"] for each in route["spec"]["rules"]}
    services = {each["name"]: each["port"] for rule in route["spec"]["rules"] for each in rule["backendRefs"]}

    names = manifests.config("frontend")["HEADWAY_SERVER_NAMES"].split()

    assert limits["/status"] == "0s"
    assert services == {"frontend": 8080}
    assert set(route["spec"]["hostnames"]) <= set(names)


def test_the_canary_comes_by_a_name_that_nginx_takes_beside_its_own(build: Any) -> None:
    for name in ("watched", "production"):
        manifests = build(name)
        url = manifests.environment(manifests.pod("canary").containers[0])["HEADWAY_CANARY_URL"]
        host, port = re.fullmatch(r"http://([^:/]+):(\d+)", url).groups()  # type: ignore[union-attr]
        (frontend,) = manifests.pod("frontend").containers
        own = {each["name"]: each for each in frontend["env"]}

        assert manifests.of("Service")[host]["spec"]["ports"][0]["port"] == int(port)
        assert own["HEADWAY_SERVER_NAMES"]["value"] == f"$(PUBLIC_SERVER_NAMES) {host}"
        source = own["PUBLIC_SERVER_NAMES"]["valueFrom"]["configMapKeyRef"]
        assert manifests.of("ConfigMap")[source["name"]]["data"][source["key"]]
        assert list(own).index("PUBLIC_SERVER_NAMES") < list(own).index("HEADWAY_SERVER_NAMES")


def test_a_redis_outside_leaves_nothing_of_the_one_inside(build: Any) -> None:
    for name in ("external Redis", "external Redis, closed", "external Redis, everything"):
        manifests = build(name)

        assert manifests.of("StatefulSet") == {}
        assert "redis" not in {each["metadata"]["name"] for each in manifests.objects}
        assert "app.kubernetes.io/name: redis" not in manifests.text


def overlays_in_the_how_to() -> list[dict[str, Any]]:
    text = (ROOT / "docs/how-to/run-on-kubernetes.md").read_text()
    return [each for block in re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
            if "configMapGenerator" in (each := yaml.safe_load(block))]  # fmt: skip


def test_the_overlays_of_the_how_to_do_what_they_say(build_with: Any) -> None:
    own_tasks, managed_redis = overlays_in_the_how_to()

    tasks = build_with([], own_tasks)
    redis = build_with(["network-policies", "external-redis"], managed_redis)

    assert tasks.config("headway")["HEADWAY_TASKS"] == "my_tasks,worker.tasks"
    assert redis.config("headway")["HEADWAY_REDIS_URL"].startswith("rediss://redis.example.com:6379/0?")
    (way_out,) = redis.of("NetworkPolicy")["from-services"]["spec"]["egress"]
    assert way_out == {"to": [{"ipBlock": {"cidr": "10.20.0.0/24"}}], "ports": [{"protocol": "TCP", "port": 6379}]}


def test_production_runs_images_by_digest(production: Any) -> None:
    images = [container["image"] for pod in production.pods for container in pod.containers]

    digests = [image.partition("@sha256:")[2] for image in images]

    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in digests), images
    # Placeholders until deploy/k8s/pin_images.py has run, and then for no image any more.
    assert len({digest == PLACEHOLDER for digest in digests}) == 1


def test_the_rendered_file_is_what_its_overlay_makes(build: Any) -> None:
    rendered = yaml.safe_load_all((K8S / "rendered" / "headway.yaml").read_text())

    assert list(rendered) == build("local").objects, "run `make manifests`"
