"""What a broken trial leaves on the screen: the ends of its logs, since CI throws its folder away."""

from __future__ import annotations

from pathlib import Path

LINES = 60
LINE_CHARACTERS = 400


def print_evidence(folder: Path) -> None:
    """The last lines of every process, and of the clients' history."""
    for path in sorted([*folder.rglob("*.log"), *folder.rglob("history.jsonl")]):
        lines = path.read_text(errors="replace").splitlines()
        if not lines:
            continue
        print(f"--- {path.relative_to(folder.parent)}, the last of {len(lines):,} lines")
        for line in lines[-LINES:]:
            print(f"    {clip(line, LINE_CHARACTERS)}")
    print("---", flush=True)


def clip(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters]} …"
