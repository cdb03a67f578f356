"""What the browser SDK asks for before it sends: where to, and with which key."""

from typing import Any

from bridge.flows.gateway import Request

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def settings_document(write_key: str, request: Request) -> dict[str, Any]:
    """Points the SDK back at the host it asked; plain http only where that host is this machine."""
    host = request.headers.get("host", "")
    default = "http" if host.startswith(_LOOPBACK) else "https"
    protocol = request.headers.get("x-forwarded-proto", default)
    destination = {"apiKey": write_key, "apiHost": f"{host}/v1", "protocol": protocol}
    return {
        "integrations": {"Segment.io": destination},
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "metrics": {"sampleRate": 0},
    }
