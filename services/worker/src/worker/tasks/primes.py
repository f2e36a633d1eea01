"""A CPU-bound task that saves its place: after a crash the next attempt goes on where it was."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from headway import progress, task

SEGMENT = 200_000


@task(max_retries=2)
def count_primes(limit: Annotated[int, Field(ge=2, le=5_000_000_000)] = 1_000_000_000) -> dict[str, int]:
    """Count the prime numbers up to a limit, segment by segment."""
    saved = progress.checkpoint or {"next": 2, "found": 0}
    found = saved["found"]
    base = _primes_up_to(int(limit**0.5) + 1)
    for low in range(saved["next"], limit + 1, SEGMENT):
        progress.report(low, limit, f"{found:,} primes below {low:,}")
        high = min(low + SEGMENT - 1, limit)
        found += _count_between(low, high, base)
        progress.save({"next": high + 1, "found": found})
    return {"limit": limit, "primes": found}


def _primes_up_to(limit: int) -> list[int]:
    is_prime = bytearray([1]) * (limit + 1)
    is_prime[:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, limit + 1, number)))
    return [number for number in range(2, limit + 1) if is_prime[number]]


def _count_between(low: int, high: int, base: list[int]) -> int:
    """Sieve of Eratosthenes over one segment."""
    is_prime = bytearray([1]) * (high - low + 1)
    for prime in base:
        if prime * prime > high:
            break
        first = max(prime * prime, -(-low // prime) * prime)
        is_prime[first - low :: prime] = bytes(len(range(first, high + 1, prime)))
    return sum(is_prime)
