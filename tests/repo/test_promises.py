"""The docs, the settings and the sources keep what they promise each other."""

from __future__ import annotations

import ast
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from canary.settings import CanarySettings
from chassis.settings import KNOWN, ProcessSettings
from headway import redis_store
from headway.document import document_of
from headway.job import MOVES, Job, Priority, State
from headway.memory import MemoryJobStore
from headway.problem import KINDS
from headway.testing import record_progress
from local.settings import LocalSettings
from status.app import create_app as create_status
from status.hub import Hub
from status.settings import StatusSettings
from submit.app import create_app as create_submit
from submit.settings import SubmitSettings
from worker.settings import WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
JOB = "packages/contract/src/headway/job.py"
SERVICES: tuple[type[ProcessSettings], ...] = (
    *(ProcessSettings, SubmitSettings, StatusSettings, WorkerSettings),
    CanarySettings,
)
INTERNAL_TARGETS = {"chromium", "kustomize", "prometheus"}
MAX_LINES = 300
LONG_FILES = {
    "packages/contract/src/headway/memory.py": "all moves of a job on one page, to be read beside the scripts",
}
VAGUE_NAMES = {"common", "utils", "util", "helpers", "helper", "manager", "managers"}


@cache
def repository_files() -> tuple[str, ...]:
    """What git knows or would add, as paths from the root; the sources of a tree without git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
        names = listed.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(ROOT)) for top in ("docs", "packages", "services") for path in files_in(top)]
    return tuple(sorted(name for name in set(names) if (ROOT / name).is_file()))


def files_in(top: str) -> Iterator[Path]:
    skipped = {"node_modules", "dist", "__pycache__"}
    return (path for path in (ROOT / top).rglob("*") if path.is_file() and not skipped & set(path.parts))


def named(pattern: str) -> list[str]:
    return [name for name in repository_files() if re.search(pattern, name)]


def sources() -> list[str]:
    return named(r"^(packages|services)/[^/]+/src/.*\.py$")


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def reference(name: str) -> str:
    return text_of(f"docs/reference/{name}.md")


def rows_of(text: str) -> list[list[str]]:
    """The cells of every table row."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def code_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


# Settings


def defaults_of(cls: type[ProcessSettings]) -> dict[str, str]:
    """The settings that a class declares itself, as one would write them."""
    return {name: written(cls.model_fields[name].default) for name in cls.__annotations__ if name in cls.model_fields}


def written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Path):
        return str(value.relative_to(ROOT) if value.is_absolute() else value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def documented_settings(section: str) -> dict[str, str]:
    cells = [row for row in rows_of(section) if row[0].startswith("`HEADWAY_")]
    return {code_in(row[0])[0].removeprefix("HEADWAY_").lower(): (code_in(row[1]) or [""])[0] for row in cells}


@pytest.mark.parametrize(
    ("heading", "cls"),
    [
        ("Every process", ProcessSettings),
        ("Submit service", SubmitSettings),
        ("Status service", StatusSettings),
        ("Worker service", WorkerSettings),
        ("Canary", CanarySettings),
        ("The stack on one machine", LocalSettings),
    ],
)
def test_every_setting_is_documented_with_its_true_default(heading: str, cls: type[ProcessSettings]) -> None:
    section = reference("settings").split(f"## {heading}\n")[1].split("\n## ")[0]

    assert documented_settings(section) == defaults_of(cls)


def test_the_example_file_has_every_setting_with_its_default() -> None:
    found = dict(re.findall(r"^#HEADWAY_([A-Z_]+)=(.*)$", text_of(".env.example"), re.M))

    expected = {name: value for cls in (LocalSettings, *SERVICES) for name, value in defaults_of(cls).items()}
    assert {name.lower(): value for name, value in found.items()} == expected


def test_every_line_of_the_example_file_explains_one_setting() -> None:
    lines = text_of(".env.example").splitlines()

    for before, line in itertools.pairwise(lines):
        if line.startswith("#HEADWAY_"):
            assert before.startswith("# "), line


def test_the_known_settings_are_those_of_all_services() -> None:
    assert set(KNOWN) == set().union(*(cls.model_fields for cls in (*SERVICES, LocalSettings)))


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    from_nginx = set(re.findall(r"HEADWAY_[A-Z_]+", text_of("services/frontend/nginx/headway.conf.template")))
    known = {f"HEADWAY_{name.upper()}" for name in KNOWN} | from_nginx

    for name in [*named(r"\.md$"), ".env.example", "Makefile"]:
        assert set(re.findall(r"HEADWAY_[A-Z_]*[A-Z]", text_of(name))) <= known, name


# Redis, states, problems


def test_the_redis_keys_are_the_same_in_the_code_and_in_the_docs() -> None:
    in_code = {key for row in rows_of(redis_store.__doc__ or "") for key in code_in(row[0])}

    in_docs = {key for row in rows_of(reference("redis-keys")) for key in code_in(row[0])}

    assert in_docs == in_code


def test_redis_is_spoken_only_where_the_store_says() -> None:
    said = {*re.findall(r"`(\w+\.py)`", redis_store.__doc__ or ""), "redis_store.py"}

    speaking = [name for name in sources() if re.search(r"^\s*(?:import|from) redis\b", text_of(name), re.M)]

    assert set(speaking) == {f"packages/contract/src/headway/{name}" for name in said}


def test_every_field_of_the_record_is_documented() -> None:
    (record,) = (each for each in ast.parse(text_of(JOB)).body if isinstance(each, ast.ClassDef) and each.name == "Job")
    below = itertools.pairwise(record.body)

    bare = [ast.unparse(each) for each, after in below if isinstance(each, ast.AnnAssign) and not is_text(after)]

    assert bare == []


def is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def test_every_field_that_a_script_writes_is_documented() -> None:
    scripts = "\n".join(text_of(name) for name in named(r"\.lua$"))
    tables = re.findall(r"(?:changes = |write\(id, |finish\(id, '\w+', )\{(.*?)\}", scripts, re.S)

    written = {name for table in tables for name in re.findall(r"\b([a-z_]+) =", table)}
    written |= set(re.findall(r"\bchanges\.([a-z_]+)\b", scripts))

    assert {"token", "owner", "updated_at", "message"} <= written
    assert written - {field.name for field in fields(Job)} == {"token"}
    assert "`token`" in reference("redis-keys")


def test_the_diagram_shows_exactly_the_moves() -> None:
    (diagram,) = blocks("mermaid", reference("states"))

    arrows = {(was, to) for was, to in re.findall(r"^\s*(\S+) --> ([^:\s]+)", diagram, re.M)}

    moves = {(was.value, to.value) for was, tos in MOVES.items() for to in tos}
    ends = {(state.value, "[*]") for state in State if state.is_final}
    assert arrows == moves | ends | {("[*]", "PENDING")}


def test_every_problem_is_documented_with_its_status() -> None:
    rows = [row for row in rows_of(reference("errors")) if row[0].startswith("`")]

    documented = {code_in(row[0])[0]: int(row[1]) for row in rows}

    assert len(rows) == len(documented)
    assert documented == {slug: kind.status for slug, kind in KINDS.items()}


def test_the_docs_say_who_ended_the_job_of_every_error() -> None:
    rows = [row for row in rows_of(reference("errors")) if row[0].startswith("`") and len(row) == 5]

    documented = {code_in(row[0])[0]: code_in(row[2])[0] for row in rows}

    assert documented == {slug: kind.ended_by for slug, kind in KINDS.items() if kind.ended_by}


def test_every_slug_in_the_code_is_a_kind_of_problem() -> None:
    pattern = r'(?:\bProblem\(\s*|\bslug(?:: str)? = |\bslug=|\bslug == )"([a-z]+(?:-[a-z]+)+|cancelled|expired)"'

    used = {slug for name in sources() for slug in re.findall(pattern, text_of(name))}

    assert len(used) > 30
    assert used <= set(KINDS)


def test_every_kind_of_problem_is_used() -> None:
    table = text_of("packages/contract/src/headway/problem.py")
    outside = table.split("KINDS: ")[0] + table.split("\n}\n", 1)[1]
    code = "\n".join([outside, *(text_of(name) for name in sources() if not name.endswith("/headway/problem.py"))])

    assert [slug for slug in KINDS if f'"{slug}"' not in code] == []


def test_nginx_names_only_problems_that_exist_with_their_title() -> None:
    table = re.findall(r"^ +(default|\d+) '(.*)';$", text_of("services/frontend/nginx/headway.conf.template"), re.M)
    bodies = [(key, json.loads("{" + members.replace("$status", "400") + "}")) for key, members in table]

    assert len(bodies) > 5
    for key, body in bodies:
        kind = KINDS[body["type"].removeprefix("/problems/")]
        assert body["title"] in (kind.title, "The service does not answer")
        assert key in ("default", str(body["status"]))


# The API


@cache
def openapi_documents() -> Mapping[str, Any]:
    store = MemoryJobStore()
    submit = create_submit(SubmitSettings(), store, CollectorRegistry())
    status = create_status(StatusSettings(), store, Hub(store), CollectorRegistry())
    return {app.name: app.test_client().get("/openapi.json").get_json() for app in (submit, status)}


def routes() -> list[str]:
    documents = openapi_documents().values()
    return [f"{verb.upper()} {path}" for one in documents for path, verbs in one["paths"].items() for verb in verbs]


def test_every_route_is_documented() -> None:
    headings = re.findall(r"^### `([A-Z]+ [^`]+)`$", reference("http-api"), re.M)

    assert sorted(headings) == sorted(routes())


def test_every_field_of_the_job_document_is_documented() -> None:
    section = reference("http-api").split("### The job document\n")[1].split("\n### ")[0]
    moment = Job.from_fields({"created_at": "0"} | MINIMAL_JOB | {"result_json": "1"})

    documented = [code_in(row[0])[0] for row in rows_of(section) if row[0].startswith("`")]

    assert documented == list(document_of(moment))
    assert set(json.loads(blocks("json", section)[0])) == set(documented)


MINIMAL_JOB = {
    "id": "0", "task": "t", "args_json": "{}", "queue": "q", "priority": Priority.NORMAL.value, "tags": "[]",
    "max_retries": "0", "retention_seconds": "1", "state": "SUCCESS", "version": "1", "updated_at": "0",
}  # fmt: skip


def test_every_field_of_a_submit_is_documented() -> None:
    section = reference("http-api").split("### `POST /jobs`\n")[1].split("\n### ")[0]
    operation = openapi_documents()["submit"]["paths"]["/jobs"]["post"]
    fields = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]

    assert {code_in(row[0])[0] for row in rows_of(section) if row[0].startswith("`")} == set(fields)


# Documents


def test_every_make_target_says_what_it_does() -> None:
    makefile = text_of("Makefile")

    recipes = set(re.findall(r"^([a-z][a-z0-9-]*):(?!=)[^\n]*\n\t", makefile, re.M))
    described = set(re.findall(r"^([a-z][a-z0-9-]*):.*## \S", makefile, re.M))

    assert recipes - described == INTERNAL_TARGETS


def test_every_make_target_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):(?!=)", text_of("Makefile"), re.M))

    for name in named(r"\.md$"):
        in_prose = re.findall(r"`make ([a-z][a-z0-9-]*)", re.sub(r"^```.*?^```", "", text_of(name), flags=re.M | re.S))
        in_shell = [
            word for block in blocks("sh", text_of(name)) for word in re.findall(r"^make ([a-z0-9-]+)", block, re.M)
        ]
        assert {*in_prose, *in_shell} <= targets, name


def test_every_relative_link_leads_somewhere() -> None:
    dead = []
    for name in named(r"\.md$"):
        prose = re.sub(r"^```.*?^```", "", text_of(name), flags=re.M | re.S)
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (ROOT / name).parent / path if path else ROOT / name
            if not target.exists() or (anchor and anchor not in anchors_of(target)):
                dead.append(f"{name}: {link}")

    assert dead == []


def anchors_of(document: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


LINK = r"\[([^\]]+)\]\(([^)\s]+)\)"
PROMISES = [f"G{number}" for number in range(1, 10)]


def proofs_of(promise: str) -> list[tuple[str, Path]]:
    """The words and the file of every link in a promise's row."""
    (row,) = (row for row in rows_of(reference("guarantees")) if row[0] == promise)
    return [(words, (DOCS / "reference" / path).resolve()) for words, path in re.findall(LINK, " ".join(row))]


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_names_a_test_that_exists(promise: str) -> None:
    proofs = proofs_of(promise)

    files = {path.relative_to(ROOT).as_posix() for _, path in proofs}

    assert [name for name in files if re.search(r"^(tests|packages/[^/]+/tests|services/[^/]+/tests)/.*test_", name)]
    assert files <= set(repository_files())


@pytest.mark.parametrize("promise", PROMISES)
def test_the_tests_and_faults_that_a_promise_names_are_in_their_files(promise: str) -> None:
    missing = [words for words, path in proofs_of(promise) if not is_in(words, path.read_text(encoding="utf-8"))]

    assert missing == []


def is_in(words: str, source: str) -> bool:
    """A link says the name of a test as a sentence, or the name of a fault."""
    test = rf"def test_{re.escape(words.replace(' ', '_'))}\("
    return bool(re.search(rf'{test}|@fault\(\s*"{re.escape(words)}"', source))


def test_every_document_is_on_the_map() -> None:
    link = re.compile(r"\]\(([^)#\s]+\.md)\)")
    linked = set(link.findall(text_of("docs/README.md")))
    # The runbooks are many, and have a map of their own.
    linked |= {f"runbooks/{name}" for name in link.findall(text_of("docs/runbooks/README.md"))}

    assert {name.removeprefix("docs/") for name in named(r"^docs/.*\.md$")} - linked == {"README.md"}


def test_python_in_the_docs_can_be_parsed() -> None:
    for name in named(r"\.md$"):
        for block in blocks("python", text_of(name)):
            ast.parse(block, name)


def test_json_in_the_docs_can_be_parsed() -> None:
    for name in named(r"^docs/.*\.md$"):
        for block in blocks("json", text_of(name)):
            json.loads(block)


def tutorial_module(name: str, number: int) -> ModuleType:
    """The n-th version of a file that the tutorial has its reader write."""
    found = [each for each in blocks("python", text_of("docs/tutorial.md")) if each.startswith(f"# {name}.py\n")]
    module = ModuleType(name)
    exec(compile(found[number], f"tutorial {name}", "exec", dont_inherit=True), vars(module))
    return module


@pytest.fixture
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def test_the_first_task_of_the_tutorial_runs(no_sleep: None) -> None:
    tasks = tutorial_module("my_tasks", 0)

    with record_progress() as recording:
        result = tasks.estimate_pi(rounds=3)

    assert 2 < result < 4
    assert [report[:2] for report in recording.reports] == [(1, 3), (2, 3), (3, 3)]


def test_the_last_task_of_the_tutorial_passes_the_tutorials_own_tests(
    no_sleep: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "my_tasks", tutorial_module("my_tasks", -1))
    tests = {name: each for name, each in vars(tutorial_module("test_my_tasks", 0)).items() if name.startswith("test_")}

    for test in tests.values():
        test()

    assert len(tests) >= 3


def test_the_examples_of_testing_pass() -> None:
    for block in blocks("python", text_of("docs/how-to/test-a-task.md")):
        names: dict[str, Any] = {}
        exec(compile(block, "how to test a task", "exec", dont_inherit=True), names)
        tests = [each for name, each in names.items() if name.startswith("test_")]

        assert tests
        for test in tests:
            test()


# Sources


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    hosts = [a + b for a, b in (("pypi", ".org"), ("python", "hosted"), ("npm", "js.org"), ("npm", "js.com"))]
    hosts += [a + b for a, b in (("registry.", "yarn"), ("proxy.", "golang"), ("registry-1.", "docker"))]
    pattern = re.compile(
        "|".join(map(re.escape, hosts)) + r"|(?<![\w.}>$])/(?:" + "|".join(["work", "root", "home"]) + r")/\w"
    )

    found = [(name, match[0]) for name in named(r"(?<!\.png)$") if (match := pattern.search(text_of(name)))]

    assert found == []


def test_every_python_file_says_in_one_sentence_what_it_is_for() -> None:
    wrong = []
    for name in named(r"^(packages|services)/.*\.py$"):
        docstring = ast.get_docstring(ast.parse(text_of(name))) or ""
        first = " ".join(docstring.split("\n\n")[0].split())
        if not re.fullmatch(r"[^.]*(?:\.(?! |$)[^.]*)*\.", first):
            wrong.append(f"{name}: {first}")

    assert wrong == []


def test_no_module_has_a_vague_name() -> None:
    for name in named(r"\.(py|ts|tsx)$"):
        assert not VAGUE_NAMES & set(Path(name).with_suffix("").parts), name


def test_source_files_are_short() -> None:
    names = [*sources(), *named(r"^services/frontend/src/"), *named(r"\.lua$")]
    long = {name for name in names if len(text_of(name).splitlines()) > MAX_LINES}

    assert long <= set(LONG_FILES)
