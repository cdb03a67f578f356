"""Addresses that lead elsewhere, each tried at install and at send, and names that resolve inwards."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.clients.hosts import AllowedHosts, reachable
from bridge.clients.transport import Timeouts, Transport
from bridge.errors import Blocked, Retryable
from tests.unit.install.fakes import World
from tests.unit.install.loading import admin_event, load

ADDRESSES = {
    "loopback": "https://127.0.0.1/",
    "the runtime's own port": "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "loopback by another number": "https://127.255.255.254/",
    "localhost": "https://localhost/",
    "localhost below itself": "https://api.localhost/",
    "no address": "https://0.0.0.0/",
    "zero alone": "https://0/",
    "decimal": "https://2130706433/",
    "octal": "https://0177.0.0.1/",
    "octal at length": "https://017700000001/",
    "hexadecimal": "https://0x7f000001/",
    "hexadecimal in parts": "https://0x7f.0x0.0x0.0x1/",
    "short": "https://127.1/",
    "short and hexadecimal": "https://0x7f.1/",
    "private, 10": "https://10.0.0.1/",
    "private, 172": "https://172.16.0.1/",
    "private, 192": "https://192.168.0.1/",
    "carrier-grade NAT": "https://100.64.0.1/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "metadata in plain http": "http://169.254.169.254/latest/meta-data/",
    "metadata of containers": "http://169.254.170.2/v2/credentials",
    "metadata in decimal": "https://2852039166/",
    "metadata over IPv6": "https://[fd00:ec2::254]/",
    "metadata by name": "https://metadata.google.internal/",
    "IPv6 loopback": "https://[::1]/",
    "IPv6 no address": "https://[::]/",
    "IPv4 in IPv6": "https://[::ffff:127.0.0.1]/",
    "IPv4 in IPv6, hexadecimal": "https://[::ffff:7f00:1]/",
    "IPv4 compatible": "https://[::127.0.0.1]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "link-local with a zone": "https://[fe80::1%25eth0]/",
    "a public address": "https://104.18.0.1/",
    "user in front": "https://rest.braze.com@127.0.0.1/",
    "user and password": "https://user:pass@rest.braze.com/",
    "user, encoded": "https://rest.braze.com%40127.0.0.1/",
    "trailing dot": "https://rest.iad-01.braze.com./",
    "loopback with a trailing dot": "https://127.0.0.1./",
    "punycode": "https://rest.xn--brze-5na.com/",
    "punycode below": "https://rest.braze.com.xn--evil-9na.example/",
    "letters that look alike": "https://rest.br\u0430ze.com/",
    "full-width letters": "https://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54/",
    "digits in circles": "https://\u2460\u2461\u2466.0.0.1/",
    "a dot that is none": "https://rest\u3002braze.com/",
    "another port": "https://rest.iad-01.braze.com:8443/",
    "port nought": "https://rest.iad-01.braze.com:0/",
    "a port that is none": "https://rest.iad-01.braze.com:443x/",
    "plain http": "http://rest.iad-01.braze.com/",
    "a file": "file:///proc/self/environ",
    "gopher": "gopher://127.0.0.1:6379/_INFO",
    "no scheme": "//rest.iad-01.braze.com/",
    "the vendor's name as a prefix": "https://rest.braze.com.evil.example/",
    "the vendor's name as an ending": "https://evilbraze.com/",
    "the vendor's bare name": "https://braze.com/",
    "the vendor's name in a query": "https://evil.example/?.braze.com",
    "the vendor's name in a fragment": "https://evil.example/#.braze.com",
    "a backslash": "https://evil.example\\.braze.com/",
    "a line break": "https://rest.braze.com/\r\nX-Injected: 1",
    "a tab": "https://rest.br\taze.com/",
    "a blank": "https://rest.braze.com /",
    "a public name that resolves inwards": "https://127.0.0.1.nip.io/",
}


class Untouched:
    """Connections that nobody may ask for."""

    def urlopen(self, method: str, url: str, redirect: bool = True, **given: Any) -> Any:
        raise AssertionError(f"a connection was asked for: {url}")


@pytest.mark.parametrize("kind", ADDRESSES)
def test_an_address_that_leads_elsewhere_cannot_be_installed(kind: str) -> None:
    world, app = World(), load("install")
    world.check_url = lambda key, given: AllowedHosts.of((), key).check(given)
    app.managing = world.managing
    config = {"rest_api_key": "k", "rest_endpoint": ADDRESSES[kind]}
    path = "/v1/admin/integration-catalog/braze/install"
    answer = app.lambda_handler(admin_event("POST", path, {"name": "B", "config": config}), object())
    assert answer["statusCode"] == 422
    assert "/config/rest_endpoint" in answer["body"]
    assert world.secrets.kept == {}


@pytest.mark.parametrize("kind", ADDRESSES)
def test_an_address_that_leads_elsewhere_is_not_sent_to_however_it_got_there(kind: str) -> None:
    sender = Transport(AllowedHosts.of((), "braze"), pools=Untouched())
    with pytest.raises(Blocked, match="host_not_allowed"):
        sender.send("POST", ADDRESSES[kind], headers={"Authorization": "Bearer k"}, body=b"{}")


@pytest.mark.parametrize(
    "peer",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "169.254.169.254"),  # noqa: S104
        *("172.31.0.1", "192.0.0.192", "192.88.99.1", "192.168.1.1", "198.18.0.1", "224.0.0.1"),
        *("240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:7f00:1", "::ffff:0:7f00:1"),
        *("64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1"),
        *("5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1%eth0", "fec0::1", "ff02::1"),
    ],
)
def test_no_peer_inside_a_network_is_reachable(peer: str) -> None:
    assert not reachable(peer)


@pytest.fixture
def inside() -> Iterator[tuple[int, list[bytes]]]:
    """A service on loopback, and what it was told before the line was cut."""
    heard: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1.0)
                heard.append(connection.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], heard


def test_a_vendors_name_that_turns_inwards_between_check_and_send_hears_no_request(
    inside: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is resolved once, by the connection itself, and the peer is judged, so there is no gap to turn in."""
    port, heard = inside
    asked: list[str] = []

    def rebound(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    sender = Transport(AllowedHosts.of((), "braze"), timeouts=Timeouts(1.0, 0.5, 1.0))
    with pytest.raises(Retryable, match="connect_failed"):
        sender.send(
            "POST", "https://rest.iad-01.braze.com", headers={"Authorization": "Bearer key"}, body=b"{}"
        )
    assert asked == ["rest.iad-01.braze.com"]
    assert b"Bearer" not in b"".join(heard)


def test_a_listed_public_name_in_plain_http_is_refused_even_where_it_resolves_inwards() -> None:
    sender = Transport(AllowedHosts.of(["hooks.example.com"]), pools=Untouched())
    with pytest.raises(Blocked, match="only https"):
        sender.send("POST", "http://hooks.example.com/", headers={}, body=b"{}")


def test_what_is_refused_is_told_without_an_address_or_a_key() -> None:
    sender = Transport(AllowedHosts.of((), "braze"), pools=Untouched())
    with pytest.raises(Blocked) as caught:
        sender.send("POST", "https://169.254.169.254/x", headers={"Authorization": "Bearer key"}, body=b"{}")
    assert "169.254" not in str(caught.value)
    assert "key" not in str(caught.value)
