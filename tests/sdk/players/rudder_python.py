"""Plays scenes with rudder-sdk-python; gzip is its default."""

from calls import perform
from rudderstack.analytics.client import Client
from rudderstack.analytics.version import VERSION

perform(
    lambda scene, on_error: Client(
        scene["write_key"],
        host=scene["host"],
        on_error=on_error,
        upload_size=scene["batch"],
        upload_interval=scene["interval"],
        timeout=60,
    ),
    VERSION,
)
