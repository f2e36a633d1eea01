"""The floor: Flask routes that do nothing, so that one sees what Flask and gunicorn themselves take."""

from __future__ import annotations

from typing import Any

from flask import Flask


def create_app(redis_url: str) -> Flask:
    app = Flask("bare")

    @app.post("/longtask")
    def accept() -> Any:
        return {}, 202

    @app.get("/status/<task_id>")
    def tell(task_id: str) -> Any:
        return {}

    return app
