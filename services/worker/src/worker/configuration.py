"""How Celery is set up: a transport and processes, and nothing of what the record promises."""

from __future__ import annotations

from typing import Any

from kombu import Exchange, Queue

from headway.doorbell import LIST_SEPARATOR, celery_queue, echo_queue
from headway.job import LANES
from worker.settings import WorkerSettings

SILENCE_SECONDS = 5
"""A connection whose answer is overdue for so long is given up; a wait for a doorbell ends each second by itself."""


def celery_configuration(settings: WorkerSettings, node: str) -> dict[str, Any]:
    """All settings of Celery that are not its defaults, for the worker of that name."""
    exchange = Exchange("headway", type="direct")
    names = [celery_queue(queue) for queue in settings.queues]
    # Nobody else sends to it, so it needs no binding that would stay behind when the worker is gone.
    own = Queue(celery_queue(echo_queue(node)), exchange, no_declare=True)
    return {
        "broker_url": broker_url(settings.redis_address),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A server that refuses a command (memory or disk full, a replica after a failover) is an outage too; without
        # this Celery ends the worker, and the jobs it runs.
        "broker_channel_error_retry": True,
        "broker_transport_options": {
            "global_keyprefix": settings.key_prefix,
            "sep": LIST_SEPARATOR,
            "priority_steps": list(LANES),
            # Of no importance, since nothing is redelivered: acknowledged before the job starts.
            "visibility_timeout": 24 * 3600,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": SILENCE_SECONDS,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        "task_queues": [*(Queue(name, exchange, routing_key=name) for name in names), own],
        "task_default_queue": names[0],
        "task_acks_late": False,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_concurrency": settings.slots,
        "worker_disable_prefetch": True,
        # No credits are counted: an acknowledgement that breaks with its connection would use one up for ever, and a
        # worker without credits is deaf. `worker_disable_prefetch` alone takes one doorbell per free slot.
        "worker_prefetch_multiplier": 0,
        "worker_max_tasks_per_child": settings.max_jobs_per_process,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


def broker_url(address: str) -> str:
    """The address of Redis as Celery's transport writes it, and with the certificate checked as the store does."""
    if address.startswith("rediss://") and "ssl_cert_reqs=" not in address:
        return f"{address}{'&' if '?' in address else '?'}ssl_cert_reqs=required"
    return address.replace("unix://", "redis+socket://", 1)
