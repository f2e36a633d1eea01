"""Every object is what the API server of each supported version of Kubernetes would take."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

VERSIONS = [f"1.{minor}" for minor in range(31, 38)]
SCHEMAS = Path(__file__).parent / "schemas"
CUSTOM = {path.stem for path in SCHEMAS.glob("*.json")}


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_object(manifests: Any, version: str) -> None:
    own = [each for each in manifests.objects if each["kind"] not in CUSTOM]

    for each in own:
        refuse_what_kubernetes_would(json.dumps(each), version)


def test_the_operators_take_every_custom_object(manifests: Any) -> None:
    custom = [each for each in manifests.objects if each["kind"] in CUSTOM]

    for each in custom:
        jsonschema.validate(each, schema_of(each["kind"]))


@pytest.mark.parametrize("wrong", [{"spec": {"replica": 1}}, {"spec": {"minReadySeconds": "soon"}}])
def test_a_typo_in_an_object_is_found(build: Any, wrong: dict[str, Any]) -> None:
    deployment = build("base").of("Deployment")["submit"]
    mistaken = deployment | {"spec": deployment["spec"] | wrong["spec"]}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(mistaken, VERSIONS[0], strict=True)


def test_a_typo_in_a_custom_object_is_found(build: Any) -> None:
    scaled = build("autoscaled").of("ScaledObject")["worker"]
    mistaken = scaled | {"spec": scaled["spec"] | {"minReplicas": 2}}

    with pytest.raises(jsonschema.ValidationError, match="minReplicas"):
        jsonschema.validate(mistaken, schema_of("ScaledObject"))


@cache
def refuse_what_kubernetes_would(text: str, version: str) -> None:
    """Once for an object that is the same in many builds: it takes a tenth of a second."""
    kubernetes_validate.validate(json.loads(text), version, strict=True)


@cache
def schema_of(kind: str) -> dict[str, Any]:
    return dict(closed(json.loads((SCHEMAS / f"{kind}.json").read_text())))


def closed(schema: Any) -> Any:
    """The same, but for no fields beside the declared ones: the API server would drop them without a word."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        inner.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        inner.pop("type", None)
    return inner
