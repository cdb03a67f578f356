"""Every screen in every look: no serious finding of axe, and nothing wider than the window."""

import uuid
from typing import Any

import pytest
from playwright.sync_api import Page

from local.demo.api import Api
from local.demo.aws import Account
from local.demo.clues import gather
from local.demo.stack import Stack
from local.demo.watch import Watch
from tests.console.conftest import AXE, SignIn
from tests.console.screens import LOOKS, SCREENS, wider_than_its_window
from tests.stack.house import House, until
from tests.stack.test_exports import Bench

SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def places(stack: Stack, house: House) -> dict[str, str]:
    """Something to look at on every screen; one name is as long as it may be, and all one word."""
    one, braze = house.install("actioniq"), house.install("braze")
    wide = f"{house.user():W>100}"
    refused = house.install("actioniq", name=wide, config={"api_key": "aiq_not_the_right_key"})
    house.send({"batch": [house.track(house.user()) for _ in range(5)]})
    rows = until(lambda: house.rows(one, status="delivered"), "a delivery")
    letters = f"dead-letters?integration_id={refused}"
    found = until(lambda: house.admin("GET", letters)[1]["data"], "a dead letter")
    return {"braze": braze, "delivery": rows[0]["delivery_id"], "letter": found[0]["id"]} | _runs(
        stack, house.tag, braze
    )


def _runs(stack: Stack, tag: str, braze: str) -> dict[str, str]:
    """One that is done, and one that waits because of a column nobody has seen yet."""
    api, account = Api(stack), Account(stack)
    bench = Bench(stack, api, account, Watch(lambda: gather(api, account)), tag, braze)
    where = f"audience={uuid.uuid4().hex[:6]}/split=1"
    rows = [{"external_id": f"{tag}-{number}"} for number in range(20)]
    done = bench.put(where, rows)
    bench.ends(done)
    waiting = bench.put(where, [row | {"tier": "gold"} for row in rows])
    bench.becomes(waiting, "waiting_approval")
    return {"done": done, "waiting": waiting}


@pytest.mark.parametrize("look", LOOKS)
def test_every_screen_is_accessible(sign_in: SignIn, places: dict[str, str], look: str) -> None:
    page = sign_in(**LOOKS[look])
    found = {}
    for name, address in SCREENS.items():
        page.goto(address.format(**places))
        assert not wider_than_its_window(page), (name, look)
        if serious := findings(page):
            found[name] = serious
    page.get_by_role("button", name="Sign out").click()
    page.locator("#token").wait_for()
    assert not wider_than_its_window(page)
    assert (found, findings(page)) == ({}, [])


def findings(page: Page) -> list[Any]:
    """Axe's serious and critical findings, each with the first element at fault.

    The script is handed to the page by the browser, past the policy that lets pages load nothing foreign.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    told = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        (one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"])
        for one in told["violations"]
        if one["impact"] in SERIOUS
    ]
