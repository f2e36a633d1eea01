"""The demo tasks: the tutorial's long task, a CPU-bound one that resumes, and one on your own text."""

from worker.tasks.long_task import long_task
from worker.tasks.primes import count_primes
from worker.tasks.words import word_statistics

__all__ = ["count_primes", "long_task", "word_statistics"]
