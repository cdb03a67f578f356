"""What an operator does: approve a plan, replay a dead letter, look without being able to touch."""

import uuid
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from bridge.delivery_worker import INSTALLATIONS_SECONDS
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.clues import gather
from local.demo.stack import Stack
from local.demo.watch import Watch
from tests.console.conftest import SignIn
from tests.stack.house import House, until
from tests.stack.test_exports import Bench

HEARD_MS = 1000 * (INSTALLATIONS_SECONDS + 1)
"""By then every worker has heard of a change; a letter replayed before may meet the old key once more."""


@pytest.fixture(scope="module")
def braze(stack: Stack, house: House) -> Bench:
    api, account = Api(stack), Account(stack)
    return Bench(stack, api, account, Watch(lambda: gather(api, account)), house.tag, house.install("braze"))


def test_a_plan_is_read_and_approved_and_its_run_followed_to_the_end(sign_in: SignIn, braze: Bench) -> None:
    audience = uuid.uuid4().hex[:6]
    rows = [{"external_id": f"{braze.tag}-{n}", "tier": "gold"} for n in range(40)]
    run = braze.put(f"audience={audience}/split=1", rows)
    braze.becomes(run, "waiting_approval")

    page = sign_in()
    page.get_by_role("link", name="Audiences").click()
    row = page.locator("tbody tr").filter(has_text=f"{audience} / 1")
    expect(row).to_contain_text("waits for approval")
    row.get_by_role("link").click()
    expect(page.locator(".waits")).to_contain_text("untyped_column")
    expect(page.locator(".figures")).to_contain_text("Joined")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main .mark").first).to_have_text("done")
    expect(page.locator(".funnel li").last).to_contain_text("40")
    assert braze.profile(f"{braze.tag}-7")["tier"] == "gold"


def test_a_dead_letter_is_replayed_once_its_cause_is_mended(sign_in: SignIn, house: House) -> None:
    one = house.install("actioniq", config={"api_key": "aiq_not_the_right_key"})
    house.send({"batch": [house.track(house.user())]})
    until(lambda: house.admin("GET", f"dead-letters?integration_id={one}")[1]["data"], "a dead letter")

    page = sign_in()
    page.goto(f"/console/integrations/installed/{one}")
    expect(page.locator("main .mark").first).not_to_have_text("healthy")
    page.get_by_role("link", name="Edit or rotate the key").click()
    page.get_by_label("API key").fill(house.actioniq_key)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("new revision")
    expect(page.locator("table").first.locator("tbody tr")).to_have_count(2)

    page.wait_for_timeout(HEARD_MS)

    page.goto(f"/console/dead-letters?integration_id={one}")
    page.locator("tbody tr").get_by_role("link").click()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("status")).to_contain_text("Sent to its queue again")
    page.goto(f"/console/live-events?integration_id={one}&status=delivered")
    expect(page.locator("tbody tr")).to_have_count(1, timeout=60_000)


def test_a_viewer_reads_everything_and_is_offered_nothing(sign_in: SignIn, house: House) -> None:
    made = SimpleNamespace(**house.admin("POST", "tokens", {"name": house.tag, "role": "viewer"})[1])
    page = sign_in(made.token)
    for path in (
        "",
        "/integrations",
        "/integrations/library",
        "/live-events",
        "/audiences",
        "/dead-letters",
        "/access",
    ):
        page.goto(f"/console{path}")
        expect(page.locator("main h1")).to_be_visible()
        assert page.locator("main form[method=post]").count() == 0, path
    house.admin("DELETE", f"tokens/{made.id}")


def test_it_can_be_used_from_the_keyboard(sign_in: SignIn) -> None:
    page = sign_in()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("fr-FR", "Vue d\N{RIGHT SINGLE QUOTATION MARK}ensemble"),
        ("de-DE", "Überblick"),
        ("pt-BR", "Visão geral"),
        ("ja-JP", "Overview"),
    ],
)
def test_it_speaks_the_browsers_language(sign_in: SignIn, language: str, title: str) -> None:
    expect(sign_in(language=language).locator("h1")).to_have_text(title)
