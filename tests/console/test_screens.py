"""Every screen, light and dark, on a desktop and on a phone: no serious finding of axe, and a picture."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.console.conftest import AXE, SignIn
from tests.stack.house import House, until

SERIOUS = {"serious", "critical"}
SCREENS = {
    "overview": "/console",
    "integrations": "/console/integrations",
    "library": "/console/integrations/library",
    "install": "/console/integrations/library/braze",
    "installation": "/console/integrations/installed/{installation}",
    "live-events": "/console/live-events",
    "delivery": "/console/live-events/{delivery}",
    "audiences": "/console/audiences",
    "dead-letters": "/console/dead-letters",
    "access": "/console/access",
}
LOOKS = {
    "light": {},
    "dark": {"dark": True},
    "phone": {"phone": True},
    "phone-dark": {"phone": True, "dark": True},
}


@pytest.fixture(scope="module")
def places(house: House) -> dict[str, str]:
    """Something to look at on every screen."""
    one = house.install("actioniq")
    house.send({"batch": [house.track(house.user()) for _ in range(5)]})
    rows = until(lambda: [row for row in house.rows(one) if row["status"] == "delivered"], "a delivery")
    return {"installation": one, "delivery": rows[0]["delivery_id"]}


@pytest.mark.parametrize("look", LOOKS)
def test_every_screen_is_accessible(
    sign_in: SignIn, places: dict[str, str], pictures: Path, look: str
) -> None:
    page = sign_in(**LOOKS[look])
    found = {}
    for name, address in SCREENS.items():
        page.goto(address.format(**places))
        page.screenshot(path=pictures / f"{name}-{look}.png", full_page=False)
        assert not wider_than_its_window(page), (name, look)
        if serious := findings(page):
            found[name] = serious
    assert not found


def test_the_run_and_sign_in_screens_are_accessible(sign_in: SignIn, pictures: Path) -> None:
    page = sign_in()
    link = page.request.get("/console/audiences").text()
    start = link.find("/console/audiences/run_")
    if start >= 0:
        page.goto(link[start : link.index('"', start)])
        page.screenshot(path=pictures / "run-light.png")
        assert not findings(page)
    page.get_by_role("button", name="Sign out").click()
    page.locator("#token").wait_for()
    page.screenshot(path=pictures / "sign-in-light.png")
    assert not findings(page)


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


def wider_than_its_window(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth + 1"))
