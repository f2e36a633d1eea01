# The image that this repository's Dockerfile made a moment ago, with the tests' tasks, as users add theirs.
# hadolint ignore=DL3006
FROM headway/worker
COPY trial_tasks.py brief_long_task.py /tasks/
ENV HEADWAY_TASKS=trial_tasks,worker.tasks
