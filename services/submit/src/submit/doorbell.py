"""Have Celery build the doorbell, once at start: the only thing submit needs Celery for."""

from __future__ import annotations

from celery import Celery

from headway.doorbell import doorbell_template


def build_doorbell() -> str:
    """The message's template; the store fills in the job's id in the same call that records the job."""
    return doorbell_template(Celery("headway", set_as_current=False))
