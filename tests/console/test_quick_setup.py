"""Quick Setup and Testing as the ActionIQ page of Signal's documentation describes them, step by step."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.console.conftest import SignIn
from tests.stack.house import ACCOUNT, House


def test_actioniq_is_set_up_and_an_event_is_seen_delivered_with_200(sign_in: SignIn, house: House) -> None:
    page = sign_in()
    name = f"ActionIQ {house.tag}"

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Integrations").click()
    page.get_by_role("link", name="Integration Library").click()

    page.get_by_label("Search").fill("customer data platform for audience")
    expect(page.locator(".card h2")).to_have_text(["ActionIQ"])
    page.get_by_label("Search").fill("")
    page.get_by_label("Category").select_option("cdp")
    expect(page.locator(".card h2")).to_have_text(["ActionIQ"])

    page.get_by_role("link", name="Install ActionIQ").click()
    for label, where in (("API key", "Settings > API Keys"), ("Account ID", "Settings > Account")):
        field = page.get_by_label(label)
        help_id = field.get_attribute("aria-describedby")
        expect(page.locator(f"#{help_id}")).to_contain_text(where)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("API key").fill(house.actioniq_key)
    page.get_by_label("Account ID").fill(ACCOUNT)
    page.get_by_label("Destination ID").fill(house.destination)
    page.get_by_role("button", name="Install Integration").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    house.installed.append(urlsplit(page.url).path.rsplit("/", 1)[-1])
    expect(page.get_by_text(house.actioniq_key)).to_have_count(0)

    page.get_by_role("button", name="Test the connection").click()
    expect(page.locator(".checks .ok")).to_have_count(2)

    page.get_by_role("link", name="Live Events").click()
    page.get_by_label("Integration").select_option(label=name)
    page.get_by_role("button", name="Send test event").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")
    page.get_by_label("Integration").select_option(label=name)
    row = page.locator("tbody tr").filter(has_text=name)
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Signal Bridge Test")
    expect(row).to_contain_text("delivered")
    expect(row).to_contain_text("200")

    row.get_by_role("link").click()
    expect(page.locator(".stage h2")).to_have_text(
        [
            "1. Input",
            "2. Mapped record",
            "3. Request to the vendor",
            "4. The vendor's response",
            "Outcome of each item",
        ]
    )
    expect(page.locator(".stage pre").nth(1)).to_contain_text(house.destination)


def test_what_is_missing_in_the_form_is_said_at_its_field(sign_in: SignIn) -> None:
    page = sign_in()
    page.goto("/console/integrations/library/actioniq")
    page.get_by_label("Account ID").fill("acc")
    page.get_by_role("button", name="Install Integration").click()
    expect(page.locator("#fault-config-api_key")).to_be_visible()
    expect(page.locator("#fault-config-destination_id")).to_be_visible()
    expect(page.get_by_label("Account ID")).to_have_value("acc")
