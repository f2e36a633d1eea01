#!/usr/bin/env python3
"""Write down which images production runs, by digest: `pin_images.py REGISTRY [--tag TAG]`.

    docker push REGISTRY/headway/submit:TAG     (and status, worker, canary, frontend)
    deploy/k8s/pin_images.py REGISTRY --tag TAG

A tag can be moved, a digest cannot: what was tested is what runs, on every node and after every restart. Commit what
this writes; to roll back is to apply an older commit. Only the standard library, so that any Python does.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

IMAGES = Path(__file__).parent / "overlays" / "production" / "images" / "kustomization.yaml"
SERVICES = ("canary", "frontend", "status", "submit", "worker")
REDIS = ("valkey/valkey", "9.1")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
DOCKER_SECONDS = 60

HEAD = """\
# Which images run. Written by deploy/k8s/pin_images.py: run it again rather than change this.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("registry", help="where the images were pushed to, such as registry.example.com/team")
    parser.add_argument("--tag", default="latest")
    parser.add_argument("--output", type=Path, default=IMAGES)
    options = parser.parse_args()
    wanted = [(f"headway/{name}", f"{options.registry}/headway/{name}", options.tag) for name in SERVICES]
    wanted.append((REDIS[0], f"docker.io/{REDIS[0]}", REDIS[1]))
    pinned = [(name, place, digest_of(place, tag)) for name, place, tag in wanted]
    options.output.write_text(HEAD + "".join(map(entry, pinned)))


def entry(image: tuple[str, str, str]) -> str:
    name, place, digest = image
    return f"  - name: {name}\n    newName: {place}\n    digest: {digest}\n"


def digest_of(place: str, tag: str) -> str:
    """As the registry tells it; else as docker remembers it from the push or pull of the image."""
    digest = ask("buildx", "imagetools", "inspect", f"{place}:{tag}", "--format", "{{.Manifest.Digest}}")
    if DIGEST.fullmatch(digest):
        return digest
    for known in remembered(f"{place}:{tag}"):
        if known.removeprefix("docker.io/").partition("@")[0] == place.removeprefix("docker.io/"):
            return known.partition("@")[2]
    sys.exit(
        f"Neither the registry nor docker knows the digest of {place}:{tag}. Push it first, or name another --tag."
    )


def remembered(image: str) -> list[str]:
    """`place@digest` for each registry that docker got this image from or sent it to."""
    answer = ask("image", "inspect", image, "--format", "{{json .RepoDigests}}")
    return list(json.loads(answer)) if answer else []


def ask(*command: str) -> str:
    """What docker answers; nothing when it does not know."""
    try:
        ended = subprocess.run(["docker", *command], capture_output=True, text=True, timeout=DOCKER_SECONDS)
    except FileNotFoundError:
        sys.exit("There is no docker on this machine's PATH. Install it, or run this where the images were pushed.")
    except subprocess.TimeoutExpired:
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""


if __name__ == "__main__":
    main()
