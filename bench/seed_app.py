"""The peer: the tutorial's application, its two routes and its task, as the article has them."""

from __future__ import annotations

import random
import time
from typing import Any

from celery import Celery
from flask import Flask, jsonify, url_for


def create_celery(redis_url: str) -> Celery:
    """Broker and result store are the same Redis, as in the tutorial."""
    return Celery("seed", broker=redis_url, backend=redis_url)


def create_app(redis_url: str) -> Flask:
    app = Flask("seed")
    celery = create_celery(redis_url)
    long_task = create_task(celery)

    @app.route("/longtask", methods=["POST"])
    def longtask() -> Any:
        task = long_task.apply_async()
        return jsonify({}), 202, {"Location": url_for("taskstatus", task_id=task.id)}

    @app.route("/status/<task_id>")
    def taskstatus(task_id: str) -> Any:
        task = long_task.AsyncResult(task_id)
        if task.state == "PENDING":
            response = {"state": task.state, "current": 0, "total": 1, "status": "Pending..."}
        elif task.state != "FAILURE":
            response = {
                "state": task.state,
                "current": task.info.get("current", 0),
                "total": task.info.get("total", 1),
                "status": task.info.get("status", ""),
            }
            if "result" in task.info:
                response["result"] = task.info["result"]
        else:
            response = {"state": task.state, "current": 1, "total": 1, "status": str(task.info)}
        return jsonify(response)

    return app


def create_task(celery: Celery) -> Any:
    @celery.task(bind=True, name="seed.long_task")
    def long_task(self: Any) -> dict[str, Any]:
        verb = ["Starting up", "Booting", "Repairing", "Loading", "Checking"]
        adjective = ["master", "radiant", "silent", "harmonic", "fast"]
        noun = ["solar array", "particle reshaper", "cosmic ray", "orbiter", "bit"]
        message = ""
        total = random.randint(10, 50)
        for i in range(total):
            if not message or random.random() < 0.25:
                message = f"{random.choice(verb)} {random.choice(adjective)} {random.choice(noun)}..."
            self.update_state(state="PROGRESS", meta={"current": i, "total": total, "status": message})
            time.sleep(1)
        return {"current": 100, "total": 100, "status": "Task completed!", "result": 42}

    return long_task
