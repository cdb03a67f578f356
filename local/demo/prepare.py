"""Before the first event: nothing left from earlier, both vendors installed."""

from dataclasses import dataclass, replace
from typing import Any

from local.demo.api import Api
from local.demo.aws import Account
from local.demo.runs import ENDED
from local.demo.stack import Stack
from local.demo.standins import StandIns
from local.demo.watch import Missing, Patience, Watch

Json = dict[str, Any]
DESTINATION = "dest-12345"
ON_THE_WAY = ("EventQueueUrl", "ActionIqQueueUrl", "BrazeQueueUrl", "AudienceQueueUrl")
QUIET = Patience(total=30, stalled=30)

# The body of the documented curl, word for word.
ACTIONIQ: Json = {
    "name": "ActionIQ",
    "variant": "default",
    "config": {
        "api_key": "aiq_xxxxxxxxxxxxxxxxxxxx",
        "account_id": "your-account-id",
        "destination_id": DESTINATION,
    },
    "delivery_mode": "server_side",
}


def braze(stack: Stack) -> Json:
    """The same for Braze, against the stand-in."""
    return {
        "name": "Braze",
        "variant": "default",
        "config": {"rest_api_key": "brz_local_key", "rest_endpoint": stack.braze_url},
        "delivery_mode": "server_side",
    }


@dataclass(frozen=True, slots=True)
class Installed:
    """The two installations of one demonstration, and the write key that feeds them."""

    actioniq: str
    braze: str
    write_key: str
    source: str = ""

    @property
    def both(self) -> frozenset[str]:
        """Their ids."""
        return frozenset({self.actioniq, self.braze})


def alone(stack: Stack, api: Api, standins: StandIns, account: Account, watch: Watch) -> Installed:
    """The stack to itself: whatever is installed goes, what is under way ends, both stand-ins are emptied."""
    for run in api.runs():
        if run["status"] not in ENDED:
            api.cancel(run["id"])
    for installation in api.installations():
        api.uninstall(installation["id"])
    quiet(account, watch)
    standins.reset()
    actioniq = api.install("actioniq", ACTIONIQ)
    installed = api.install("braze", braze(stack))
    return Installed(actioniq["id"], installed["id"], stack.write_key)


def beside(stack: Stack, api: Api, tag: str) -> Installed:
    """Next to whatever else is installed: a source of its own that feeds two installations of its own."""
    source = api.create_source(f"demo {tag}")
    own = {"sources": [source["id"]]}
    actioniq = api.install("actioniq", ACTIONIQ | {"name": f"ActionIQ {tag}"} | own)
    installed = api.install("braze", braze(stack) | {"name": f"Braze {tag}"} | own)
    return Installed(actioniq["id"], installed["id"], source["write_key"], source["id"])


def gone(api: Api, installed: Installed) -> None:
    """Take two installations and their source away again."""
    for integration_id in sorted(installed.both):
        api.uninstall(integration_id)
    api.delete_source(installed.source)


def quiet(account: Account, watch: Watch) -> bool:
    """Wait a while until nothing is on its way to a vendor.

    Dead letters do not count, nor does ExportQueue: the message of a run that waited for a person comes back
    minutes after the run is done.
    """
    calm = replace(watch, patience=QUIET)
    try:
        calm.until("empty queues", 1, lambda: int(not any(account.depths(ON_THE_WAY).values())))
    except Missing:
        return False
    return True
