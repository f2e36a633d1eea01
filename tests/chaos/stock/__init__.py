"""Stock Celery under the same faults, for comparison: its rows never fail a run."""
