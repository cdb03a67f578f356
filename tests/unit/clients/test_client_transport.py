"""The wire itself, against a server on loopback: what was sent, what may have been, what is reused."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bridge.clients.connections import CarefulPools
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import MAX_ANSWER_BYTES, Timeouts, Transport
from bridge.errors import Blocked, Retryable, Unknown

QUICK = Timeouts(connect=1.0, read=0.15, whole=1.0)


def answer(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


@dataclass
class Server:
    """Answers each request with the next reply: bytes, or None to close without a word."""

    replies: list[bytes | None]
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while received := _request(connection):
                self.requests.append(received)
                reply = self.replies.pop(0)
                if reply is None:
                    return
                connection.sendall(reply)


def _request(connection: socket.socket) -> bytes:
    """One POST with the body `{}`, in however many pieces it comes."""
    received = b""
    while not received.endswith(b"\r\n\r\n{}"):
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    return received


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server([])
    threading.Thread(target=made.serve, daemon=True).start()
    yield made
    made.listener.close()


def transport(server: Server, **given: object) -> Transport:
    hosts = AllowedHosts.of([f"127.0.0.1:{server.port}"])
    return Transport(hosts, timeouts=QUICK, **given)  # type: ignore[arg-type]


def test_an_answer_comes_back_with_lower_case_headers(server: Server) -> None:
    server.replies.append(answer(b'{"ok":true}', extra="X-RateLimit-Remaining: 3\r\n"))
    got = transport(server).send("POST", server.url, headers={}, body=b"{}")
    assert (got.status, got.json(), got.headers["x-ratelimit-remaining"]) == (200, {"ok": True}, "3")


def test_a_refused_connection_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    sender = Transport(AllowedHosts.of([f"127.0.0.1:{port}"]), timeouts=QUICK)
    with pytest.raises(Retryable, match="connect_failed"):
        sender.send("POST", f"http://127.0.0.1:{port}", headers={}, body=b"{}")


def test_a_connection_that_breaks_before_the_answer_leaves_it_unknown(server: Server) -> None:
    server.replies.append(None)
    with pytest.raises(Unknown, match="connection_broke"):
        transport(server).send("POST", server.url, headers={}, body=b"{}")


def test_an_answer_that_does_not_come_in_time_leaves_it_unknown(server: Server) -> None:
    server.replies.append(b"")
    with pytest.raises(Unknown, match="no_answer"):
        transport(server).send("POST", server.url, headers={}, body=b"{}")


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.replies.append(answer(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"))
    assert transport(server).send("POST", server.url, headers={}, body=b"{}").status == 302


def test_a_body_over_a_mebibyte_is_not_read_to_its_end(server: Server) -> None:
    server.replies.append(answer(b"x" * (MAX_ANSWER_BYTES + 100_000)))
    got = transport(server).send("POST", server.url, headers={}, body=b"{}")
    assert (got.status, got.cut, got.body, got.json()) == (200, True, b"", None)


def test_a_body_that_breaks_off_keeps_its_status(server: Server) -> None:
    server.replies.append(b"HTTP/1.1 500 Oops\r\nContent-Length: 50\r\n\r\nhalf")
    got = transport(server).send("POST", server.url, headers={}, body=b"{}")
    assert (got.status, got.cut) == (500, True)


def test_a_connection_is_reused_while_it_is_fresh(server: Server) -> None:
    server.replies += [answer(b"{}"), answer(b"{}")]
    sender = transport(server)
    for _ in range(2):
        sender.send("POST", server.url, headers={}, body=b"{}")
    assert server.connections == 1


def test_a_connection_idle_for_over_ten_seconds_of_wall_clock_is_not_reused(server: Server) -> None:
    server.replies += [answer(b"{}"), answer(b"{}")]
    wall = [1000.0]
    sender = transport(server, pools=CarefulPools(size=4, wall=lambda: wall[0]))
    sender.send("POST", server.url, headers={}, body=b"{}")
    wall[0] += 11
    sender.send("POST", server.url, headers={}, body=b"{}")
    assert server.connections == 2


def test_a_name_that_resolves_inwards_is_dropped_before_a_byte_is_sent(server: Server) -> None:
    sender = transport(server, pools=CarefulPools(size=4, guard=lambda _host, _port, _peer: False))
    with pytest.raises(Retryable, match="connect_failed"):
        sender.send("POST", server.url, headers={}, body=b"{}")
    assert server.requests == []


def test_proxies_of_the_environment_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.replies.append(answer(b"{}"))
    assert transport(server).send("POST", server.url, headers={}, body=b"{}").status == 200


def test_a_body_that_drips_in_does_not_outlast_the_whole(server: Server) -> None:
    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            _request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            for _ in range(100):
                connection.sendall(b".")
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        limits = Timeouts(connect=1.0, read=0.5, whole=0.2)
        sender = Transport(AllowedHosts.of([url[7:]]), timeouts=limits)
        started = time.monotonic()
        assert sender.send("POST", url, headers={}, body=b"{}").cut
        assert time.monotonic() - started < 2.0


@pytest.mark.parametrize("key", ["k\nX-Other: 1", " k", "k ", "k\x7f", "kü"])
def test_a_key_that_no_header_may_carry_is_not_sent(server: Server, key: str) -> None:
    with pytest.raises(Blocked, match="malformed_key"):
        transport(server).send("POST", server.url, headers={"X-Key": key}, body=b"{}")
    assert server.connections == 0


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, signed by nobody but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem += key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "stranger.pem"
    path.write_bytes(pem)
    return path


def test_a_certificate_nobody_vouches_for_gets_no_byte_of_the_request(stranger: Path) -> None:
    seen: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(stranger)

    def serve() -> None:
        connection, _ = listener.accept()
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
            seen.append(secured.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        sender = Transport(AllowedHosts.of([host]), timeouts=QUICK)
        with pytest.raises(Retryable, match="connect_failed"):
            sender.send("POST", f"https://{host}", headers={}, body=b"{}")
        thread.join(2.0)
    assert b"".join(seen) == b""
