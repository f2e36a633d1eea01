"""Calls that come at the same time share one round trip to Redis.

For processes that answer many requests at once. Whoever comes first asks at once,
and alone; who comes meanwhile waits, and then one of those asks for all of them.
So nobody waits longer than for the answer before its own, a call joins no question
that was asked before it, and under load many calls cost little more than one: one
write to the network, one switch of the thread, one flush of Redis's log.
Known as group commit (DeWitt et al., SIGMOD 1984) and flat combining (Hendler et al., SPAA 2010).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import redis

MAX_CALLS = 100
"""Of one round trip, so that the first of them does not wait for too many others."""

Command = Sequence[Any]
_NONE_YET = object()


class _Call:
    """One command on its way to its answer."""

    __slots__ = ("answer", "command", "turn")

    def __init__(self, command: Command) -> None:
        self.command = command
        self.answer: Any = _NONE_YET
        self.turn = threading.Lock()
        self.turn.acquire()  # released when it is answered, or shall ask for those who wait


class RoundTrips:
    """For any number of threads or greenlets; not for code that signals may interrupt (a worker's child)."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self._is_under_way = False

    def ask(self, *command: Any) -> Any:
        """The command's answer. Raises what Redis, or the client on the way to it, raises."""
        call = _Call(command)
        if not self._is_first(call):
            self._wait_for_turn(call)
        if call.answer is _NONE_YET:
            self._ask_for_all()
        if isinstance(call.answer, Exception):
            raise call.answer
        return call.answer

    def _is_first(self, call: _Call) -> bool:
        with self._lock:
            self._waiting.append(call)
            is_first = not self._is_under_way
            self._is_under_way = True
            return is_first

    def _wait_for_turn(self, call: _Call) -> None:
        try:
            call.turn.acquire()
        except BaseException:  # this thread is ended: its turn, should it have come, is the next one's
            if self._leave(call) and not call.turn.locked():
                self._pass_on()
            raise

    def _leave(self, call: _Call) -> bool:
        with self._lock:
            is_waiting = call in self._waiting
            if is_waiting:
                self._waiting.remove(call)
            return is_waiting

    def _ask_for_all(self) -> None:
        """Every call that waits, this one among them, in one round trip; then it is somebody else's turn."""
        calls = self._take(MAX_CALLS)
        # What the others learn when this thread is ended meanwhile.
        answers: Sequence[Any] = [redis.ConnectionError("The round trip was broken off.")] * len(calls)
        try:
            answers = self._answers([call.command for call in calls])
        except redis.RedisError as error:
            # Nobody waits for a second time-out: those behind, who were not sent, are told the same.
            calls += self._take(None)
            answers = [error] * len(calls)
        finally:
            self._pass_on()
            for call, answer in zip(calls, answers, strict=True):
                call.answer = answer
                call.turn.release()

    def _take(self, most: int | None) -> list[_Call]:
        with self._lock:
            taken = self._waiting[:most]
            del self._waiting[:most]
            return taken

    def _answers(self, commands: Sequence[Command]) -> Sequence[Any]:
        """An answer each; a refusal of one command is its answer. Raises when there was no round trip."""
        if len(commands) == 1:
            try:
                return [self._redis.execute_command(*commands[0])]  # type: ignore[no-untyped-call]
            except redis.ResponseError as refusal:
                return [refusal]
        pipe = self._redis.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        return pipe.execute(raise_on_error=False)

    def _pass_on(self) -> None:
        with self._lock:
            self._is_under_way = bool(self._waiting)
            if self._waiting:
                self._waiting[0].turn.release()
