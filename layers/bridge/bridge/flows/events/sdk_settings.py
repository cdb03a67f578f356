"""What the browser SDK asks for before it sends: where to, and with which key."""

from typing import Any

from bridge.flows.events.gateway import Request


def settings_document(write_key: str, request: Request) -> dict[str, Any]:
    """Points the SDK back at the host it asked; plain http only where that host is this machine."""
    host = request.headers.get("host", "")
    default = "https"
    if _on_this_machine(host):
        host, default = request.headers.get("x-forwarded-host", host), "http"
    protocol = request.headers.get("x-forwarded-proto", default)
    destination = {"apiKey": write_key, "apiHost": f"{host}/v1", "protocol": protocol}
    return {
        "integrations": {"Segment.io": destination},
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "metrics": {"sampleRate": 0},
    }


def _on_this_machine(host: str) -> bool:
    """The emulator's gateways have names under `localhost` (loopback too, RFC 6761) and a front before them.

    Elsewhere a caller's word for the host is not believed: kept by a cache, the answer would reach others.
    """
    name = host.partition(":")[0]
    return name in {"localhost", "127.0.0.1"} or name.endswith(".localhost") or host.startswith("[::1]")
