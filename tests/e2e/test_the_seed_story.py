"""The tutorial's story, on the real stack and on threads: click, 202, watch it move, see 42."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

ENGINES = ("celery", "threads")
STORY_SECONDS = 100


class TutorialClient:
    """A client written for the tutorial's application: it clicks once and polls until the end."""

    def __init__(self, headway: Any) -> None:
        self.headway = headway
        self.started = headway.http.post("/longtask")
        self.location: str = self.started.headers["Location"]
        self.answers: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._poll)
        self._thread.start()

    def _poll(self) -> None:
        deadline = time.monotonic() + STORY_SECONDS
        while time.monotonic() < deadline:
            data = self.headway.http.get(self.location).json()
            self.answers.append(data)
            if data["state"] not in ("PENDING", "STARTED", "PROGRESS"):
                return
            time.sleep(0.2)

    def wait(self) -> list[dict[str, Any]]:
        self._thread.join(STORY_SECONDS + 30)
        return self.answers


@pytest.fixture(scope="module")
def stories(
    request: pytest.FixtureRequest, start_lasting_stack: Callable[..., Any], connect: Callable[[str], Any]
) -> dict[str, TutorialClient]:
    """One long task on each engine, side by side: each takes up to fifty seconds."""
    threads = start_lasting_stack(engine="threads", tasks="worker.tasks,trial_tasks")
    return {
        "celery": TutorialClient(request.getfixturevalue("headway")),
        "threads": TutorialClient(connect(threads.url)),
    }


@pytest.fixture(params=ENGINES)
def story(request: pytest.FixtureRequest, stories: dict[str, TutorialClient]) -> TutorialClient:
    """Both ways to run Headway serve the same routes, tasks and page."""
    return stories[request.param]


@pytest.fixture
def client(story: TutorialClient) -> Any:
    return story.headway


def test_the_long_task_is_accepted_with_202_and_a_location(story: TutorialClient) -> None:
    assert (story.started.status_code, story.started.json()) == (202, {})
    assert story.location.startswith("/status/")


def test_a_client_written_for_the_tutorial_works_unchanged(story: TutorialClient) -> None:
    answers = story.wait()

    last = answers[-1]
    assert (last["state"], last["current"], last["total"]) == ("SUCCESS", 100, 100)
    assert (last["status"], last["result"]) == ("Task completed!", 42)
    moving = [data["current"] * 100 / data["total"] for data in answers if data["state"] == "PROGRESS"]
    assert len(set(moving)) >= 5
    assert moving == sorted(moving)


def test_the_finished_task_can_be_read_and_followed_again(story: TutorialClient) -> None:
    story.wait()

    result = story.headway.http.get(f"{story.location}/result")
    events = list(story.headway.events(f"{story.location}/events"))

    assert result.json() == 42
    assert [name for name, _, _ in events] == ["snapshot", "end"]


def test_events_show_every_step_of_a_running_task(client: Any) -> None:
    job = client.submit("brief_task")

    events = list(client.events(f"/status/{job['id']}/events"))

    names = [name for name, _, _ in events]
    assert (names[0], names[-1]) == ("snapshot", "end")
    document = {key: value for name, _, data in events if name in ("snapshot", "update") for key, value in data.items()}
    assert (document["state"], document["result"], document["percent"]) == ("SUCCESS", 42, 100)
    assert names.count("update") >= 5


@pytest.mark.parametrize(
    ("action", "words"),
    [("exit_politely", "The task called sys.exit(3)."), ("time_out", "the server did not answer")],
)
def test_a_task_that_ends_in_an_unusual_way_has_failed(client: Any, action: str, words: str) -> None:
    job = client.run("misbehave", args={"action": action})

    assert (job["state"], job["status"], job["error"]["type"]) == ("FAILURE", words, "/problems/task-failed")


def test_pasted_text_gets_its_statistics(client: Any) -> None:
    job = client.run("word_statistics", args={"text": "The cat saw the dog. The dog ran.", "top": 2})

    assert job["result"]["words"] == 8
    assert job["result"]["top_words"] == [{"word": "the", "count": 3}, {"word": "dog", "count": 2}]


def test_the_catalogue_lists_the_tasks_with_their_schemas(client: Any) -> None:
    tasks = {task["name"]: task for task in client.http.get("/tasks").json()["tasks"]}

    assert {"long_task", "count_primes", "word_statistics"} <= tasks.keys()
    assert tasks["count_primes"]["schema"]["properties"]["limit"]["minimum"] == 2
    assert tasks["long_task"]["live_workers"] == 1


def test_what_is_not_there_is_a_problem_document_and_the_openapi_is_there(client: Any) -> None:
    missing = client.http.get("/nowhere")

    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")
    assert "/jobs" in client.http.get("/openapi/submit.json").json()["paths"]
    assert "/status/{job_id}" in client.http.get("/openapi/status.json").json()["paths"]


@pytest.mark.parametrize("address", ["/", "/simple"])
def test_the_pages_are_served_on_the_same_origin(client: Any, address: str) -> None:
    page = client.http.get(address)

    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
