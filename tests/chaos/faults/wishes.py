"""wishes: clients cancel and retry jobs all the time, while workers are killed and frozen under them (G6 and G8)."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime

from checker import SHOWN, all_jobs
from checkpoints import Checkpoints, items_by_attempt, jumping_bars, repeated_items, skipped_items
from crowd import ITEMS, SLOTS, WORKERS, Crowd, Wish, wrong_answers, wrong_lives
from diary import Diary
from effects import Effect
from table import Row
from trial import Trial, fault
from violence import Violence
from waiting import wait_until
from witness import Witness

from headway.store import LEASE_SECONDS

GRACE_SECONDS = 2.0
END_SECONDS = GRACE_SECONDS + LEASE_SECONDS + 2.5
"""The grace, a lease that was renewed at its very end, two rounds of the lease keeper and a sweep."""
PAUSE_SECONDS = (0.02, 0.3)


@fault(
    "wishes",
    "cancel, retry and resume under kills",
    ci={"wishes": 50, "kills": 2, "freezes": 1, "expiring": 4},
    full={"wishes": 800, "kills": 35, "freezes": 8, "expiring": 12},
    limit_seconds=900,
)
def change_minds(trial: Trial) -> Row:
    size = trial.size
    attacks = [trial.random.choice(("kill", "kill the parent")) for _ in range(size["kills"])]
    attacks += ["freeze"] * size["freezes"]
    trial.random.shuffle(attacks)
    environment = {"HEADWAY_CANCEL_GRACE_SECONDS": str(GRACE_SECONDS)}
    with trial.cluster(workers=WORKERS, slots=SLOTS, proxied=("worker",), environment=environment) as cluster:
        diary = Diary(cluster.witness)
        checkpoints = Checkpoints(cluster.proxies.values())
        crowd, violence = Crowd(trial, cluster), Violence(trial, cluster, attacks)
        problems = crowd.expire_in_line(size["expiring"])
        while len(crowd.wishes) < size["wishes"] or violence.left:
            crowd.fill_the_line()
            crowd.wish()
            violence.act(len(crowd.wishes) / size["wishes"])
            time.sleep(trial.random.uniform(*PAUSE_SECONDS))
        violence.end()
        if not cluster.wait_until_settled(30 * trial.patience):
            problems.append(f"{cluster.unfinished()} jobs are still open")
        jobs = all_jobs(cluster)
        wait_until(lambda: diary.has_heard_of(jobs), 10 * trial.patience, "the witness to hear of all ends")
        findings = trial.check(cluster)
        effects = cluster.effects()
        items = items_by_attempt(effects)
        ended = [job.id for job in jobs.values() if (job.state, job.task) == ("SUCCESS", "resuming")]
        broken = {
            "wrong answers": wrong_answers(crowd.wishes, diary),
            "starts after a cancel": _starts_after_cancel(crowd.wishes, effects),
            "slow ends": _slow_ends(crowd.wishes, diary, END_SECONDS * trial.patience),
            "late starts": _late_starts(crowd, diary),
            "wrong lives": wrong_lives(crowd.wishes, diary) + _ends_of_lives(cluster.witness),
            "wrong turns": diary.wrong_turns(),
            "repeated items": repeated_items(checkpoints, items),
            "skipped items": skipped_items(items, ended, ITEMS),
            "jumping bars": jumping_bars(checkpoints, diary),
        }
    problems += [f"{name} {len(found)}: {'; '.join(found[:SHOWN])}" for name, found in broken.items() if found]
    answers = Counter(f"{wish.kind} {wish.status or 'broken'}" for wish in crowd.wishes)
    resumed = sum(checkpoints.before(job_id, fence) > 0 for job_id, fence in items)
    notes = [
        ", ".join(f"{number} × {answer}" for answer, number in sorted(answers.items())),
        f"{resumed} attempts went on from a checkpoint, {len(crowd.start_before)} jobs with `expires_in`",
    ]
    done = "random cancels and retries, while workers (group or parent) are killed, or frozen for longer than a lease"
    runs = f"{findings.acknowledged:,} jobs, {len(crowd.wishes):,} wishes, {violence.done} attacks"
    return trial.row(done, runs, findings, problems=problems, notes=notes)


def _starts_after_cancel(wishes: list[Wish], effects: list[Effect]) -> list[str]:
    """A job that had never begun when its cancel was answered does not begin before somebody retries it."""
    starts = [(each.job_id, each.at) for each in effects if each.kind == "start"]
    found = []
    for number, wish in enumerate(wishes):
        if (wish.kind, wish.status) != ("cancel", 200) or wish.body["attempt"] > 0:
            continue
        later = (each.began for each in wishes[number:] if (each.kind, each.job_id) == ("retry", wish.job_id))
        until = next(later, float("inf"))
        late = [at for job_id, at in starts if job_id == wish.job_id and wish.ended < at < until]
        found += [f"{wish.job_id} began {at - wish.ended:.2f} s after its cancel was answered" for at in late]
    return found


def _slow_ends(wishes: list[Wish], diary: Diary, limit_seconds: float) -> list[str]:
    """A job that was asked to stop ends soon, whatever happens to its worker meanwhile."""
    found = []
    for wish in wishes:
        if (wish.kind, wish.status) != ("cancel", 202):
            continue
        asked_at = datetime.fromisoformat(wish.body["cancel_requested_at"]).timestamp()
        end = diary.end_after(wish.job_id, asked_at)
        if end is None or end.at - asked_at > limit_seconds:
            seconds = f"after {end.at - asked_at:.1f} s" if end else "never"
            found.append(f"{wish.job_id} ended {seconds} though it was asked to stop")
    return found


def _late_starts(crowd: Crowd, diary: Diary) -> list[str]:
    found = []
    for job_id, until in crowd.start_before.items():
        claimed_at = diary.first_claim(job_id)
        if claimed_at is not None and claimed_at >= until:
            found.append(f"{job_id} began {claimed_at - until:.3f} s after it had expired")
    return found


def _ends_of_lives(witness: Witness) -> list[str]:
    """The checker looks at the last life; here are those before it."""
    lives = [(job_id, finals) for job_id, seen in list(witness.seen.items()) for finals in seen.past_finals]
    return [f"{job_id} became final {finals} in one life" for job_id, finals in lives if len(finals) != 1]
