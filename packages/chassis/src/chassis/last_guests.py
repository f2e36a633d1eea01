"""A stopping server answers who has knocked: a connection that the kernel took would be cut with the listening socket.

The client has a connection then, has sent its request and gets no answer. nginx cannot know whether a POST was
begun, so it does not ask another replica; in a rolling restart under load some such request failed now and then.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from gevent.server import StreamServer
from gunicorn.workers import ggevent


class Door:
    """What gunicorn asks of the listening socket for each connection: its address, which a closed one has no more."""

    def __init__(self, listener: Any) -> None:
        self._name = listener.getsockname()

    def getsockname(self) -> Any:
        return self._name


class LastGuests(StreamServer):  # type: ignore[misc]
    """Gevent's server; between its last accept and its close nothing else runs."""

    _is_closing = False

    def __init__(self, listener: Any, handle: Any = None, **options: Any) -> None:
        if isinstance(handle, partial):
            handle = partial(handle.func, Door(listener))
        super().__init__(listener, handle=handle, **options)

    def close(self) -> None:
        if not self._is_closing and not self.closed:
            self._is_closing = True  # an accept that fails for good closes too
            self._do_read()
        super().close()


def let_last_guests_in() -> None:
    """For gunicorn's gevent workers of this process; there is no setting for the kind of server."""
    module: Any = ggevent
    module.StreamServer = LastGuests
