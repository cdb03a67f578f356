"""What the console function is told."""

from bridge.settings import Settings


class ConsoleSettings(Settings):
    """`api_url` is empty where the API's own address will do."""

    api_url: str = ""
