"""The workers: whether they are there, how full they are, and whether they are well."""

from __future__ import annotations

from figures import age_of_all, chosen, gain_of_all, largest, of_all, once, quantiles, rate, total
from panels import (
    ANY_IS_BAD,
    ANY_IS_NOTABLE,
    NONE_IS_BAD,
    PER_MINUTE,
    Dashboard,
    Row,
    high_is_bad,
    lines,
    row,
    stack,
    stat,
)

WORKER = 'job="worker"'
RUNNING = "headway_jobs_running"
SLOTS, BUSY, BUSY_SECONDS = "headway_slots", "headway_slots_busy", "headway_slot_busy_seconds_total"
FULL = high_is_bad(0.8, 0.95)
QUIET_ECHO = high_is_bad(30, 60)


def workers_dashboard() -> Dashboard:
    return Dashboard(
        "workers",
        "Headway: workers",
        "Are there enough workers, are they well, and what do they do?",
        (_now(), _load(), _jobs(), _trouble(), _progress(), _processes()),
    )


def _utilisation(by: str = "") -> str:
    return f"{rate(BUSY_SECONDS, by)} / ({total(SLOTS, by)} > 0)"


def _now() -> Row:
    return row(
        "Now",
        stat(
            "Workers",
            total("up", where=WORKER),
            "short",
            "Workers that Prometheus reaches. At 0 nothing runs: start some, or see why they do not.",
            steps=NONE_IS_BAD,
        ),
        stat(
            "Slots",
            total(SLOTS),
            "short",
            "Jobs that can run at the same time. Too few of them, and jobs wait in line.",
            steps=NONE_IS_BAD,
        ),
        stat(
            "Busy slots",
            total(BUSY),
            "short",
            "Slots that have a job. All of them busy is no fault while no line grows.",
        ),
        stat(
            "Utilisation",
            _utilisation(),
            "percentunit",
            "Share of the slots' time that went into jobs. Long above 95 %: add workers. Long below 20 %: you pay"
            " for idle ones.",
            steps=FULL,
            decimals=0,
        ),
        stat(
            "Draining",
            total("headway_draining", where=WORKER),
            "short",
            "Workers that stop and let their jobs finish. In an upgrade that is how it goes.",
            steps=ANY_IS_NOTABLE,
        ),
        stat(
            "Deaf",
            total("headway_deaf"),
            "short",
            "Workers that do not hear their own doorbell. They restart by themselves; if it stays up, look at Redis.",
            steps=ANY_IS_BAD,
        ),
        stat(
            "Overrunning",
            of_all("headway_jobs_overrunning"),
            "short",
            "Jobs that run on a minute after their time limit. Their process hangs where nothing ends it: restart"
            " the worker.",
            steps=ANY_IS_BAD,
        ),
        stat(
            "Lost attempts",
            gain_of_all("headway_jobs_taken_back_total", where='why="lost"'),
            "short",
            "Attempts in the chosen time whose worker or process died. The jobs go on elsewhere; find out what"
            " kills workers.",
            steps=ANY_IS_NOTABLE,
            decimals=0,
        ),
    )


def _load() -> Row:
    queued, slots = of_all("headway_jobs_queued", "queue"), of_all("headway_worker_slots", "queue")
    return row(
        "Load",
        lines(
            "Utilisation, by worker",
            {"{{instance}}": _utilisation("instance")},
            "percentunit",
            "Share of each worker's slot time that went into jobs. One at the top while others idle: its queue is"
            " its own.",
            steps=FULL,
            width=12,
        ),
        lines(
            "Jobs in line for each slot",
            {"{{queue}}": f"{queued} / ({slots} > 0)"},
            "short",
            "The saturation of each queue. Above 1 a new job waits at least as long as one job takes: add workers.",
            width=12,
        ),
        stack(
            "Running, by task",
            {"{{task}}": total("headway_attempts_running", "task")},
            "short",
            "What the slots are busy with. When areas touch the line, jobs wait.",
            apart={"slots": total(SLOTS)},
            width=12,
        ),
        lines(
            "Slots, by queue",
            {"{{queue}}": slots, "{{queue}}, wanted": f"{queued} + {of_all(RUNNING, 'queue')}"},
            "short",
            "Slots that serve each queue, and how many its jobs want, those that wait and those that run: an autoscaler"
            " adds workers until it has them. A worker of two queues counts in both. With 0 nobody serves the queue.",
            width=6,
        ),
        lines(
            "Workers, by queue",
            {"{{queue}}": of_all("headway_workers", "queue")},
            "short",
            "Workers that are alive by their heartbeat in Redis. Fewer than Prometheus reaches: some do not reach"
            " Redis.",
            width=6,
        ),
    )


def _jobs() -> Row:
    return row(
        "Jobs at work",
        lines(
            "Longest running, by task",
            {"{{task}}": age_of_all("headway_oldest_running_timestamp_seconds", "task", RUNNING)},
            "s",
            "How long the attempt runs that runs the longest. Compare it with the task's usual run time.",
        ),
        lines(
            "Quietest, by task",
            {"{{task}}": age_of_all("headway_quietest_running_timestamp_seconds", "task", RUNNING)},
            "s",
            "How long the job is silent that reported last. A task that reports and then does not has stopped to move.",
        ),
        lines(
            "Past their time limit, by task",
            {"{{task}}": of_all("headway_jobs_overrunning", "task")},
            "short",
            "Jobs that run a minute past their limit. Their process hangs where nothing ends it: restart the worker.",
            steps=ANY_IS_BAD,
        ),
        stack(
            "Attempts ended, by outcome",
            {"{{outcome}}": f"60 * {rate('headway_attempts_finished_total', 'outcome')}"},
            PER_MINUTE,
            "Unlike jobs, attempts also end in retried, lost and drained. Overtaken: a worker was so slow to renew its"
            " lease that another one took the job.",
            width=12,
        ),
        stack(
            "Attempts begun, by task",
            {"{{task}}": f"60 * {rate('headway_attempts_started_total', 'task')}"},
            PER_MINUTE,
            "What workers took up. Short jobs in great number cost more in claims than in work.",
            width=12,
        ),
    )


def _trouble() -> Row:
    return row(
        "Health",
        stack(
            "Processes lost, by reason",
            {"{{reason}}": f"60 * {rate('headway_processes_lost_total', 'reason')}"},
            PER_MINUTE,
            "Processes that ended with a job. Died: a crash or too little memory. Time-limit and cancelled: the"
            " task did not stop when it was asked to.",
        ),
        stack(
            "Doorbells, by outcome",
            {"{{outcome}}": f"60 * {rate('headway_doorbells_total', 'outcome')}"},
            PER_MINUTE,
            "Ignored ones are late or doubled and harmless. Many declined: workers of one queue know different tasks.",
        ),
        lines(
            "Last echo, by worker",
            {"{{instance}}": f"max by (instance) (time() - {chosen('headway_last_echo_timestamp_seconds')})"},
            "s",
            "How long ago each worker heard its own doorbell. One that climbs no longer hears jobs, and restarts"
            " itself.",
            steps=QUIET_ECHO,
        ),
        lines(
            "Dealt with by the reconciler",
            {"{{instance}}": f"60 * {rate('headway_due_total', 'instance')}"},
            PER_MINUTE,
            "Schedules, expiries, lost leases and lost doorbells. Any worker does it; at least one must.",
        ),
        lines(
            "Due and not dealt with",
            {"{{kind}}": f"max by (kind) (clamp_min(time() - {once('headway_oldest_due_timestamp_seconds')}, 0))"},
            "s",
            "How late the reconciler is. More than some seconds: no worker runs, or Redis is slow.",
            steps=high_is_bad(10, 60),
            empty_when_healthy="nothing is late",
        ),
        lines(
            "Draining and deaf",
            {
                "draining": total("headway_draining", where=WORKER),
                "deaf": total("headway_deaf"),
            },
            "short",
            "Workers that stop, and workers that hear nothing. A drain that lasts has a long job: see “Longest"
            " running”.",
        ),
    )


def _progress() -> Row:
    return row(
        "Progress",
        stack(
            "Writes, by task",
            {"{{task}}": rate("headway_progress_writes_total", "task")},
            "wps",
            "Reports written to Redis, at most ten a second for each job. They are most of what Redis has to do.",
        ),
        lines(
            "Time of a write",
            quantiles("headway_progress_write_seconds"),
            "s",
            "Milliseconds are right. More: Redis or its disk is slow, and bars move late. Tasks do not wait for it.",
            empty_when_healthy="no task has reported in the last minute",
        ),
        stack(
            "Writes that failed, by reason",
            {"{{reason}}": rate("headway_progress_errors_total", "reason")},
            "wps",
            "store_away is repeated when Redis is back. overtaken: another attempt owns the job, and this one ends.",
        ),
    )


def _processes() -> Row:
    memory, limit = (largest(f"headway_worker_memory{part}_bytes", "instance") for part in ("", "_limit"))
    return row(
        "Processes",
        lines(
            "Memory, by worker",
            {"{{instance}}": memory},
            "bytes",
            "Of each worker with the processes of its jobs. It should be level between jobs: one that climbs for days"
            " has a task that leaks.",
            width=6,
        ),
        lines(
            "Share of the limit, by worker",
            {"{{instance}}": f"{memory} / ({limit} > 0)"},
            "percentunit",
            "At 100 % the kernel ends a process, and its job is lost or tried again. Near it: a higher limit, fewer"
            " slots, or smaller steps.",
            steps=FULL,
            width=6,
            empty_when_healthy="nothing limits the memory of a worker here",
        ),
        lines(
            "CPU, by worker",
            {"{{instance}}": rate("process_cpu_seconds_total", "instance", WORKER)},
            "percentunit",
            "Of the parents alone. Near one core, the worker has too many slots for jobs as short as these.",
            width=6,
        ),
        lines(
            "Open files, by worker",
            {"{{instance}}": largest("process_open_fds", "instance", WORKER)},
            "short",
            "Connections and pipes of the parents. It should be level.",
            width=6,
        ),
    )
