"""One run of the canary, in its order: submit a job, follow it, say how that went."""

from __future__ import annotations

import http.client
from uuid import uuid4

import orjson

from canary.client import Answer, Client
from canary.deadline import Deadline, DeadlineOver
from canary.events import Event, follow
from canary.metrics import CanaryMetrics, Outcome, Stage
from canary.settings import CanarySettings
from chassis.logs import get_logger

log = get_logger(__name__)

TASK = "headway.canary"
"""Every worker has it: two reports, and it returns."""
WAITING = "PENDING"
SUCCESS = "SUCCESS"


class Refused(Exception):
    """The job was not accepted; the text says how."""


class Run:
    """See the module's text. Made for one `go`."""

    def __init__(self, settings: CanarySettings, metrics: CanaryMetrics) -> None:
        self._metrics = metrics
        self._deadline = Deadline(settings.canary_timeout_seconds)
        self._client = Client(settings.canary_url, self._deadline)
        self._key = f"canary-{uuid4().hex}"
        self._job_id = ""
        self._reached: dict[Stage, float] = {}

    def go(self) -> Outcome:
        """Never raises: what went wrong is what a canary is for."""
        outcome, detail = self._try()
        self._metrics.end(outcome)
        seconds = {stage.value: round(after, 4) for stage, after in self._reached.items()}
        say = log.info if outcome is Outcome.SUCCEEDED else log.warning
        say("canary run", outcome=outcome.value, job_id=self._job_id, request_id=self._key, detail=detail, **seconds)
        return outcome

    def _try(self) -> tuple[Outcome, str]:
        try:
            self._submit()
            self._reach(Stage.ACCEPTED)
            state = self._follow()
        except DeadlineOver as over:
            return Outcome.TIMED_OUT, str(over)
        except Refused as refused:
            return Outcome.REFUSED, str(refused)
        except Exception as error:  # the next run must come, whatever this one met
            return Outcome.FAILED if self._job_id else Outcome.REFUSED, repr(error)
        return (Outcome.SUCCEEDED if state == SUCCESS else Outcome.FAILED), f"the job is {state}"

    def _submit(self) -> None:
        """Once, and not again: a client's first try is what is measured."""
        body = orjson.dumps({"task": TASK, "tags": ["canary"]})
        headers = {"Content-Type": "application/json", "Idempotency-Key": self._key, "X-Request-ID": self._key}
        try:
            answer = self._client.ask("POST", "/jobs", body, **headers)
        except TimeoutError as error:  # it was what was left of the deadline
            raise DeadlineOver("no answer came in time") from error
        except (OSError, http.client.HTTPException) as error:
            raise Refused(repr(error)) from error
        if answer.status != 202:
            raise Refused(f"{answer.status}: {_detail_of(answer)}")
        self._job_id = str(orjson.loads(answer.body)["id"])

    def _follow(self) -> str:
        """The last state that was seen."""
        state = WAITING
        for event in follow(self._client, self._deadline, self._job_id):
            self._reach(Stage.FIRST_EVENT)
            state = _state_after(event, state)
            if state != WAITING:
                self._reach(Stage.STARTED)
        self._reach(Stage.FINISHED)
        return state

    def _reach(self, stage: Stage) -> None:
        if stage not in self._reached:
            self._reached[stage] = self._deadline.seconds_gone
            self._metrics.reach(stage, self._reached[stage])


def _state_after(event: Event, state: str) -> str:
    """An update names what changed only, and a log line has no state."""
    return str(event.data.get("state", state)) if event.name != "missing" else "missing"


def _detail_of(answer: Answer) -> str:
    try:
        return str(orjson.loads(answer.body)["detail"])[:300]
    except (ValueError, KeyError, TypeError):
        return "the answer is no problem document"
