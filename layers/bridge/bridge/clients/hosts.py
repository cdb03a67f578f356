"""Which hosts a customer's key may be sent to: an allow-list of names, checked at install and at every send."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from bridge.errors import Blocked
from mapping.catalog import entry

_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_DEFAULT_PORTS = {"https": 443, "http": 80}
# Ranges that lead to an inner network or nowhere though `is_global` calls some of them global: 6to4 and its relays,
# Teredo, documentation. Outside 2000::/3 there is no public IPv6 (NAT64, mapped, compatible, site-local).
_PUBLIC_IPV6 = ip_network("2000::/3")
_TUNNELS = tuple(ip_network(net) for net in ("2002::/16", "2001::/32", "3fff::/20", "192.88.99.0/24"))


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _refuse(detail: str) -> Blocked:
    return Blocked("host_not_allowed", detail)


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """A vendor's own domains over https on 443, plus what the stack parameter ExtraAllowedHosts lists.

    An entry is `host` (default port; any port on loopback) or `host:port`; plain http is for listed loopback only.
    """

    extra: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()

    @classmethod
    def of(cls, extra: Iterable[str], catalog_key: str = "") -> "AllowedHosts":
        """Those of one integration, whose catalog entry names its vendor's domains; without one the listed alone."""
        found = entry(catalog_key)
        listed = tuple(host.strip().lower() for host in extra if host.strip())
        return cls(listed, found.host_suffixes if found else ())

    def check(self, url: str) -> str:
        """Return the URL without a trailing slash, or raise Blocked("host_not_allowed"); nothing is resolved here."""
        parts = _split(url)
        host, port = _host_and_port(parts)
        listed = self.lists(host, port, parts.scheme)
        if _address(host) is not None and not listed:
            raise _refuse("an IP address must be listed in ExtraAllowedHosts")
        if parts.scheme == "http" and not (listed and _loopback(host)):
            raise _refuse("only https is allowed")
        if not listed and not host.endswith(self.suffixes):
            raise _refuse("the host is neither the vendor's nor listed in ExtraAllowedHosts")
        if not listed and port != _DEFAULT_PORTS["https"]:
            raise _refuse("only port 443 is allowed")
        return url.rstrip("/")

    def lists(self, host: str, port: int, scheme: str = "https") -> bool:
        """Whether ExtraAllowedHosts names this host and port."""
        bracketed = f"[{host}]" if ":" in host else host
        if f"{bracketed}:{port}" in self.extra:
            return True
        bare = host in self.extra or bracketed in self.extra
        return bare and (_loopback(host) or port == _DEFAULT_PORTS[scheme])


def _split(url: str) -> SplitResult:
    if not url.isascii() or any(character <= " " or character in "\\\x7f" for character in url):
        raise _refuse("the URL holds characters that do not belong in one")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _refuse("the URL cannot be read") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise _refuse("only https is allowed")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in url or "#" in url:
        raise _refuse("a base URL carries no user, query or fragment")
    return parts


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    try:
        port = parts.port
    except ValueError:
        raise _refuse("the port cannot be read") from None
    host = parts.hostname or ""
    numeric = re.fullmatch(r"[0-9.]+|0x[0-9a-f.x]*", host) is not None
    if _address(host) is None and (numeric or _NAME.fullmatch(host) is None):
        raise _refuse("the host is not a plain name")
    return host, _DEFAULT_PORTS[parts.scheme] if port is None else port


def reachable(peer: str) -> bool:
    """Whether a connected peer is on the public internet; the answer to a name that resolves inwards."""
    address = _address(peer.partition("%")[0])
    if address is None:
        return False
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    tunnelled = any(address in net for net in _TUNNELS if net.version == address.version)
    return address.is_global and not address.is_multicast and not tunnelled
