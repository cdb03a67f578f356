"""Connection pools that tell "nothing was sent" from "nobody knows", and that drop what a frozen worker left behind."""

import time
from collections.abc import Callable
from typing import Any

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

IDLE_SECONDS = 10.0
Guard = Callable[[str, int, str], bool]
"""(host, port, connected peer address) → whether bytes may be sent there."""


class _Careful:
    """What both pools add: connect first and apart, check the peer, forget connections idle for over 10 s.

    The age is measured by wall clock: a monotonic clock may stand still while a worker is frozen.
    """

    guard: Guard | None = None
    wall: Callable[[], float] = time.time

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        idle_since = getattr(connection, "idle_since", None)
        if idle_since is not None and abs(self.wall() - idle_since) > IDLE_SECONDS:
            connection.close()
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            connection.idle_since = self.wall()
        super()._put_conn(connection)  # type: ignore[misc]

    def _validate_conn(self, conn: Any) -> None:
        if conn.is_closed:
            try:
                conn.connect()
            except (OSError, HTTPError, ValueError) as error:
                conn.close()
                raise NewConnectionError(conn, type(error).__name__) from error
            self._check_peer(conn)
        super()._validate_conn(conn)  # type: ignore[misc]

    def _check_peer(self, connection: HTTPConnection) -> None:
        guard, sock = self.guard, connection.sock
        if guard is None or sock is None:
            return
        if not guard(connection.host, connection.port or 0, str(sock.getpeername()[0])):
            connection.close()
            raise NewConnectionError(connection, "the name resolves to an address inside a private network")


class _HttpPool(_Careful, HTTPConnectionPool):
    pass


class _HttpsPool(_Careful, HTTPSConnectionPool):
    pass


class CarefulPools(PoolManager):
    """At most `size` idle connections to a host; certificates are read once, not for each connection."""

    def __init__(
        self, *, size: int, guard: Guard | None = None, wall: Callable[[], float] = time.time
    ) -> None:
        trust = create_urllib3_context()
        trust.load_verify_locations(certifi.where())
        super().__init__(num_pools=32, maxsize=size, ssl_context=trust)
        members = {"guard": staticmethod(guard) if guard else None, "wall": staticmethod(wall)}
        self.pool_classes_by_scheme = {
            "http": type("HttpPool", (_HttpPool,), members),
            "https": type("HttpsPool", (_HttpsPool,), members),
        }
