"""Which addresses a key may be sent to."""

import pytest

from bridge.clients.hosts import AllowedHosts, reachable
from bridge.errors import Blocked

BRAZE = AllowedHosts.of((), "braze")
LOCAL = AllowedHosts.of(
    ["127.0.0.1:8086", "localhost", "gateway.example.com", "[::1]:9000", "proxy.example.com:8443"]
)


@pytest.mark.parametrize(
    "url",
    [
        "https://rest.iad-01.braze.com",
        "https://rest.fra-01.braze.eu/",
        "https://REST.us-10.Braze.com:443",
    ],
)
def test_the_vendors_own_hosts_are_allowed_over_https(url: str) -> None:
    assert BRAZE.check(url) == url.rstrip("/")


def test_a_key_goes_to_its_own_vendor_alone() -> None:
    url = "https://api.actioniq.com/v1/accounts/a%2Fb/records"
    assert AllowedHosts.of((), "actioniq").check(url) == url
    for other in ("braze", ""):
        with pytest.raises(Blocked, match="host_not_allowed"):
            AllowedHosts.of((), other).check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://rest.iad-01.braze.com",
        "https://rest.iad-01.braze.com:8443",
        "https://braze.com",
        "https://evilbraze.com",
        "https://rest.braze.com.evil.example",
        "https://rest.braze.com@evil.example",
        "https://user:pass@rest.braze.com",
        "https://rest.braze.com#.evil.example",
        "https://evil.example/?.braze.com",
        "https://evil.example\\.braze.com",
        "https://rest.braze.com.",
        "https://-x.braze.com",
        "https://\uff52est.braze.com",
        "https://127.0.0.1",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://localhost",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "ftp://rest.braze.com",
        "//rest.braze.com",
        "https://rest.braze.com:99999",
        "https://rest.braze.com:port",
        "https://rest .braze.com",
        "https://rest.braze.com\n.evil.example",
        "https://[",
        "",
    ],
)
def test_every_other_address_is_refused(url: str) -> None:
    with pytest.raises(Blocked, match="host_not_allowed"):
        BRAZE.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8086",
        "http://localhost:1234",
        "https://gateway.example.com",
        "http://[::1]:9000",
        "https://proxy.example.com:8443",
    ],
)
def test_listed_hosts_are_allowed_and_listed_loopback_in_plain_http_too(url: str) -> None:
    assert LOCAL.check(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9001",
        "http://gateway.example.com",
        "https://gateway.example.com:8080",
        "http://[::1]",
    ],
)
def test_a_listed_host_is_not_listed_for_another_port_or_for_plain_http(url: str) -> None:
    with pytest.raises(Blocked):
        LOCAL.check(url)


@pytest.mark.parametrize("peer", ["104.18.0.1", "2606:4700::6812:1"])
def test_public_peers_may_be_spoken_to(peer: str) -> None:
    assert reachable(peer)


@pytest.mark.parametrize(
    "peer",
    [
        "10.0.0.1",
        "127.0.0.1",
        "100.64.0.1",
        "169.254.1.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fe80::1%eth0",
        "224.0.0.1",
        "not an address",
    ],
)
def test_a_name_that_resolves_inwards_is_not_spoken_to(peer: str) -> None:
    assert not reachable(peer)
