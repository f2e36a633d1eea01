"""Headway: turn a slow Python function into an HTTP job with live progress.

`from headway import task, progress` is all that a user's tasks need.
"""

from headway import progress
from headway.progress import AttemptLost, JobCancelled
from headway.task import Task, TaskDefinitionError, task

__all__ = ["AttemptLost", "JobCancelled", "Task", "TaskDefinitionError", "progress", "task"]
