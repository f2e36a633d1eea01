"""Reads job records as Redis gives them: flat or as pairs, whole or damaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headway.job import Job
from headway.problem import Problem


def job_of(flat: Sequence[str]) -> Job:
    return Job.from_fields(pairs_of(flat))


def pairs_of(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def read_record(job_id: str, stored: Mapping[str, str]) -> Job:
    try:
        return Job.from_fields(stored)
    except (TypeError, ValueError) as error:
        detail = f"The record of job {job_id} cannot be read by this version of Headway: {error}."
        raise Problem("corrupt-record", detail) from error


def read_or_skip(job_id: str, stored: Mapping[str, str]) -> Job | None:
    """For lists: one record that cannot be read must not hide all others; its own status tells of it."""
    try:
        return read_record(job_id, stored) if stored else None
    except Problem:
        return None
