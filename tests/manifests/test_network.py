"""Who may speak to whom, computed from the policies and compared with the table of what is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

NAMESPACE = "headway"


@dataclass(frozen=True)
class Party:
    """One end of a connection: a pod here, a pod in another namespace, or an address."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    namespace: dict[str, str] = field(default_factory=dict)
    address: str = ""

    @property
    def is_here(self) -> bool:
        return self.namespace.get("kubernetes.io/metadata.name") == NAMESPACE


def namespace(name: str, **access: str) -> dict[str, str]:
    return {"kubernetes.io/metadata.name": name, **{f"access.headway/{key}": value for key, value in access.items()}}


OTHERS = [
    Party("gateway", namespace=namespace("gateway", frontend="true")),
    Party("prometheus", namespace=namespace("monitoring", metrics="true")),
    Party("keda", namespace=namespace("keda", redis="true")),
    Party("stranger", namespace=namespace("default")),
    Party("names", {"k8s-app": "kube-dns"}, namespace("kube-system")),
    Party("dashboard", {"k8s-app": "dashboard"}, namespace("kube-system")),
    Party("node's names", address="169.254.20.10"),
    Party("redis outside", address="203.0.113.7"),
    Party("internet", address="198.51.100.1"),
    Party("cloud's secrets", address="169.254.169.254"),
]
PORTS = [("TCP", 8080), ("TCP", 8000), ("TCP", 9100), ("TCP", 6379), ("TCP", 443), ("TCP", 53), ("UDP", 53)]

NAMED = {(name, place, port) for name in ("frontend", "submit", "status", "worker")
         for place in ("names", "node's names") for port in ("TCP 53", "UDP 53")}  # fmt: skip
IN = {
    ("gateway", "frontend", "TCP 8080"),
    ("frontend", "submit", "TCP 8000"),
    ("frontend", "status", "TCP 8000"),
    ("prometheus", "submit", "TCP 9100"),
    ("prometheus", "status", "TCP 9100"),
    ("prometheus", "worker", "TCP 9100"),
    ("prometheus", "frontend", "TCP 9100"),
}
CANARY = {
    ("canary", "frontend", "TCP 8080"),
    ("prometheus", "canary", "TCP 9100"),
    *(("canary", place, port) for place in ("names", "node's names") for port in ("TCP 53", "UDP 53")),
}
TO_REDIS = {(name, "redis", "TCP 6379") for name in ("submit", "status", "worker", "keda")}
TO_REDIS_OUTSIDE = {(name, "redis outside", "TCP 6379") for name in ("submit", "status", "worker")}


@pytest.mark.parametrize(("build_name", "watched"), [("closed", set()), ("everything", CANARY), ("production", CANARY)])
def test_nothing_is_reached_but_what_is_needed(build: Any, build_name: str, watched: set[Any]) -> None:
    assert reachable(build(build_name)) == NAMED | IN | TO_REDIS | watched


@pytest.mark.parametrize(
    ("build_name", "watched"), [("external Redis, closed", set()), ("external Redis, everything", CANARY)]
)
def test_a_redis_outside_is_the_only_address_outside(build: Any, build_name: str, watched: set[Any]) -> None:
    assert reachable(build(build_name)) == NAMED | IN | TO_REDIS_OUTSIDE | watched


def test_a_pod_that_no_policy_names_reaches_nobody_and_is_reached_by_nobody(build: Any) -> None:
    policies = list(build("closed").of("NetworkPolicy").values())
    debugger = Party("debugger", {"run": "debugger"}, namespace(NAMESPACE))
    frontend = Party("frontend", build("closed").pod("frontend").labels, namespace(NAMESPACE))

    assert not any(allows(policies, debugger, other, *port) for other in [frontend, *OTHERS] for port in PORTS)
    assert not any(allows(policies, other, debugger, *port) for other in [frontend, *OTHERS] for port in PORTS)


def reachable(manifests: Any) -> set[tuple[str, str, str]]:
    """Every connection, from or to a pod here, that the policies of both sides let through."""
    policies = list(manifests.of("NetworkPolicy").values())
    ours = [Party(pod.name, pod.labels, namespace(NAMESPACE)) for pod in manifests.pods]
    return {
        (one.name, other.name, f"{protocol} {port}")
        for one in [*ours, *OTHERS]
        for other in [*ours, *OTHERS]
        for protocol, port in PORTS
        if one is not other and (one.is_here or other.is_here) and allows(policies, one, other, protocol, port)
    }


def allows(policies: list[Any], one: Party, other: Party, protocol: str, port: int) -> bool:
    out = [each["spec"] for each in policies if one.is_here and applies(each["spec"], "Egress", one)]
    into = [each["spec"] for each in policies if other.is_here and applies(each["spec"], "Ingress", other)]
    return lets(out, "egress", "to", other, protocol, port) and lets(into, "ingress", "from", one, protocol, port)


def applies(spec: Any, direction: str, party: Party) -> bool:
    return direction in spec["policyTypes"] and matches(spec["podSelector"], party.labels)


def lets(specs: list[Any], direction: str, side: str, peer: Party, protocol: str, port: int) -> bool:
    """Without any policy everything passes; with some, what one of them allows."""
    rules = [rule for spec in specs for rule in spec.get(direction, [])]
    return not specs or any(
        any(is_peer(each, peer) for each in rule[side])
        and any((each["protocol"], each["port"]) == (protocol, port) for each in rule["ports"])
        for rule in rules
    )


def is_peer(rule: Any, party: Party) -> bool:
    if "ipBlock" in rule:
        return bool(party.address) and ip_address(party.address) in ip_network(rule["ipBlock"]["cidr"])
    if party.address:
        return False
    inside = matches(rule["namespaceSelector"], party.namespace) if "namespaceSelector" in rule else party.is_here
    return inside and matches(rule.get("podSelector", {}), party.labels)


def matches(selector: Any, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions), "this test knows no other operator"
    return wanted and all(labels.get(each["key"]) in each["values"] for each in expressions)
