"""Where a thing may lie that did not arrive: queues, dead letters, runs, health."""

from collections import Counter
from collections.abc import Callable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from local.demo.api import Api
from local.demo.aws import Account
from local.demo.web import Refused

UNFINISHED = frozenset({"done", "cancelled"})


def gather(api: Api, account: Account) -> list[str]:
    """One line a clue; a source of clues that fails itself is a clue too."""
    return [
        *_tried("queues", lambda: _queues(account)),
        *_tried("dead letters", lambda: _letters(api)),
        *_tried("runs", lambda: _runs(api)),
        *_tried("health", lambda: _health(api)),
    ]


def _tried(name: str, clues: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(clues())
    except (Refused, BotoCoreError, ClientError, KeyError) as error:
        return [f"{name}: could not be read: {error!r}"]


def _queues(account: Account) -> Iterator[str]:
    waiting = {name: depth for name, depth in account.depths().items() if depth}
    yield f"messages in queues: {waiting or 'none'}"


def _letters(api: Api) -> Iterator[str]:
    reasons = Counter(f"{letter.get('reason')}: {letter.get('detail')}" for letter in api.dead_letters())
    yield f"dead letters: {sum(reasons.values())} (GET /v1/admin/dead-letters)"
    for reason, count in reasons.most_common(10):
        yield f"  {count} x {reason}"


def _health(api: Api) -> Iterator[str]:
    for one in api.health()["installations"]:
        yield f"{one['name']}: {one['status']} {one['reason']} ({one['message']})"


def _runs(api: Api) -> Iterator[str]:
    for run in api.runs():
        if run["status"] not in UNFINISHED:
            yield f"run {run['id']}: {run['status']}, result {run.get('result')}"
