"""Builds every overlay and every combination of components once, and hands out what is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "deploy" / "k8s"
BUILD_SECONDS = 60
COMBINATIONS = {
    "autoscaled": ["autoscale"],
    "watched": ["monitoring"],
    "closed": ["network-policies"],
    "routed": ["gateway"],
    "encrypted": ["tls"],
    "encrypted and autoscaled": ["autoscale", "tls"],
    "external Redis": ["external-redis"],
    "external Redis, closed": ["network-policies", "external-redis"],
    "external Redis, everything": ["autoscale", "monitoring", "network-policies", "gateway", "external-redis"],
    "everything": ["autoscale", "monitoring", "network-policies", "gateway", "tls"],
}
# An address in the overlay, as `external-redis` asks for.
ELSEWHERE = {
    "configMapGenerator": [
        {
            "name": "headway",
            "namespace": "headway",
            "behavior": "merge",
            "literals": ["HEADWAY_REDIS_URL=redis://redis.example.com:6379/0"],
        }
    ]
}
BUILDS = ["base", "local", "production", *COMBINATIONS]

Document = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod that a workload makes, and whose."""

    workload: Document

    @property
    def name(self) -> str:
        return str(self.workload["metadata"]["name"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.workload["spec"]["template"]["metadata"]["labels"])

    @property
    def spec(self) -> Document:
        return dict(self.workload["spec"]["template"]["spec"])

    @property
    def containers(self) -> list[Document]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def ports(self) -> dict[str, int]:
        return {each["name"]: each["containerPort"] for one in self.containers for each in one.get("ports", [])}


@dataclass(frozen=True)
class Manifests:
    """One build: its name, its text, and its objects."""

    build: str
    text: str

    @property
    def objects(self) -> list[Document]:
        return list(_parsed(self.text))

    def of(self, kind: str) -> dict[str, Document]:
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] == kind}

    @property
    def pods(self) -> list[Pod]:
        return [Pod(each) for each in self.objects if each["kind"] in ("Deployment", "StatefulSet")]

    def pod(self, name: str) -> Pod:
        (found,) = (pod for pod in self.pods if pod.name == name)
        return found

    def config(self, name: str) -> dict[str, str]:
        """The ConfigMap of that name, whose true one ends in a hash."""
        (found,) = (each for full, each in self.of("ConfigMap").items() if full.rpartition("-")[0] == name)
        return dict(found["data"])

    def environment(self, container: Document) -> dict[str, str]:
        """What the container's process sees; what only Kubernetes knows is empty."""
        maps = [self.of("ConfigMap")[each["configMapRef"]["name"]]["data"] for each in container.get("envFrom", [])]
        own = {each["name"]: each.get("value", "") for each in container.get("env", [])}
        return {name: value for data in [*maps, own] for name, value in data.items()}


@pytest.fixture(params=BUILDS)
def manifests(request: pytest.FixtureRequest) -> Manifests:
    """Each build in turn."""
    return built(request.param)


@pytest.fixture
def production() -> Manifests:
    return built("production")


@pytest.fixture
def build() -> Any:
    """Builds by name."""
    return built


@pytest.fixture
def build_with() -> Any:
    """Builds components with what somebody writes into an overlay of his own."""

    def build_now(components: list[str], own: Document) -> Manifests:
        with _combination(components, own) as folder:
            return Manifests("an own overlay", _kustomize(Path(folder)))

    return build_now


@cache
def built(name: str) -> Manifests:
    if name in COMBINATIONS:
        components = COMBINATIONS[name]
        with _combination(components, ELSEWHERE if "external-redis" in components else {}) as folder:
            return Manifests(name, _kustomize(Path(folder)))
    return Manifests(name, _kustomize(K8S / "base" if name == "base" else K8S / "overlays" / name))


@cache
def _parsed(text: str) -> tuple[Document, ...]:
    return tuple(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def _combination(components: list[str], own: Document) -> tempfile.TemporaryDirectory[str]:
    """A folder with an overlay of the base and these components, in this order, and what else it says."""
    folder = tempfile.TemporaryDirectory()
    here = Path(folder.name).resolve()
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "headway",
        "resources": [os.path.relpath(K8S / "base", here)],
        "components": [os.path.relpath(K8S / "components" / each, here) for each in components],
    }
    (here / "kustomization.yaml").write_text(yaml.safe_dump(overlay | own))
    return folder


def _kustomize(folder: Path) -> str:
    ended = subprocess.run([*_program(), str(folder)], capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert ended.returncode == 0, f"{folder} cannot be built:\n{ended.stderr}"
    return ended.stdout


@cache
def _program() -> tuple[str, ...]:
    return next(_programs())


def _programs() -> Iterator[tuple[str, ...]]:
    local = ROOT / ".tools" / "bin" / "kustomize"
    if local.is_file():
        yield (str(local), "build")
    if shutil.which("kustomize"):
        yield ("kustomize", "build")
    if shutil.which("kubectl"):
        yield ("kubectl", "kustomize")
    pytest.fail(
        "The tests of the manifests need kustomize. Run `make kustomize`, or install kubectl 1.27 or newer.",
        pytrace=False,
    )
