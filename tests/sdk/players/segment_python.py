"""Plays scenes with segment-analytics-python."""

from calls import perform
from segment.analytics.client import Client
from segment.analytics.version import VERSION

perform(
    lambda scene, on_error: Client(
        scene["write_key"],
        host=scene["host"],
        on_error=on_error,
        gzip=scene["gzip"],
        upload_size=scene["batch"],
        upload_interval=scene["interval"],
        timeout=60,
    ),
    VERSION,
)
