"""The console's screens, and the ways they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SCREENS = {
    "overview": "/console",
    "integrations": "/console/integrations",
    "library": "/console/integrations/library",
    "install": "/console/integrations/library/actioniq",
    "installation": "/console/integrations/installed/{braze}",
    "live-events": "/console/live-events",
    "delivery": "/console/live-events/{delivery}",
    "audiences": "/console/audiences",
    "plan": "/console/audiences/{waiting}",
    "run": "/console/audiences/{done}",
    "dead-letters": "/console/dead-letters",
    "letter": "/console/dead-letters/{letter}",
    "access": "/console/access",
    "changes": "/console/access/changes",
}
LOOKS: dict[str, dict[str, bool]] = {
    "light": {},
    "dark": {"dark": True},
    "phone-light": {"phone": True},
    "phone-dark": {"phone": True, "dark": True},
}


def context_of(
    browser: Browser, url: str, *, dark: bool = False, phone: bool = False, language: str = "en-GB"
) -> BrowserContext:
    """A visitor's browser; times are shown in UTC, nothing moves."""
    return browser.new_context(
        base_url=url,
        viewport=PHONE if phone else DESKTOP,
        color_scheme="dark" if dark else "light",
        locale=language,
        timezone_id="UTC",
        reduced_motion="reduce",
    )


def wider_than_its_window(page: Page) -> bool:
    """Whether it scrolls sideways as a whole."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth + 1"))
