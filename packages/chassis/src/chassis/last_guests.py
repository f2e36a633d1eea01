"""A stopping server lets in who has knocked: a connection that the kernel took would be cut with the listening socket.

The client has a connection then, has sent its request and gets no answer. nginx cannot know whether a POST was
begun, so it does not ask another replica; in a rolling restart under load some such request failed now and then.
"""

from __future__ import annotations

from typing import Any

from gevent.server import StreamServer
from gunicorn.workers import ggevent


class LastGuests(StreamServer):  # type: ignore[misc]
    """Gevent's server; between its last accept and its close nothing else runs."""

    _is_closing = False

    def close(self) -> None:
        if not self._is_closing and not self.closed:
            self._is_closing = True  # an accept that fails for good closes too
            self._do_read()
        super().close()


def let_last_guests_in() -> None:
    """For gunicorn's gevent workers of this process; there is no setting for the kind of server."""
    module: Any = ggevent
    module.StreamServer = LastGuests
