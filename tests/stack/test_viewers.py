"""What a viewer's token shows of people on the running stack, over HTTP and in the console's pages."""

import urllib.request
from collections.abc import Iterator

import pytest

from local.demo.stack import Stack
from tests.stack.house import House, ask, until


@pytest.fixture(scope="module")
def house(stack: Stack) -> Iterator[House]:
    house = House(stack)
    house.open()
    yield house
    house.close()


def test_a_viewer_is_shown_nobody_in_the_api_and_in_the_console(stack: Stack, house: House) -> None:
    well, refused = house.install("actioniq"), house.install("actioniq", config={"api_key": "aiq_wrong"})
    user = house.user()
    house.send({"batch": [house.track(user, properties={"email": f"{user}@example.com"})]})
    delivery = until(lambda: house.rows(well, status="delivered"), "a delivery")[0]["delivery_id"]
    letters = f"dead-letters?integration_id={refused}"
    letter = until(lambda: house.admin("GET", letters)[1]["data"], "a dead letter")[0]["id"]
    pages = (
        f"live-events?integration_id={well}",
        f"live-events/{delivery}",
        f"dead-letters/{letter}",
    )
    named = {}
    for role in ("viewer", "editor"):
        _, token = house.admin("POST", "tokens", {"name": house.tag, "role": role})
        for page in pages:
            status, told = ask("GET", f"{stack.api_url}/v1/admin/{page}", bearer=token["token"])
            named[role, page] = (status, user in str(told), user in shown(stack, token["token"], page))
        by_user = f"{stack.api_url}/v1/admin/live-events?user={user[:4]}"
        assert ask("GET", by_user, bearer=token["token"])[0] == (403 if role == "viewer" else 200)
        house.admin("DELETE", f"tokens/{token['id']}")
    assert named == {(role, page): (200, *[role == "editor"] * 2) for role, page in named}


def shown(stack: Stack, token: str, page: str) -> str:
    """The console's page of the same thing."""
    request = urllib.request.Request(
        f"{stack.api_url}/console/{page}", headers={"Cookie": f"signal_bridge_session={token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
        return str(answer.read().decode())
