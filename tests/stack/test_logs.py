"""What the functions log while everything passes through them: ids and counts, no key, nobody's data."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.chaos.logs import as_written, lines
from local.demo.stack import Stack
from local.settings import REGION, ROOT_KEY
from tests.stack.house import House, ask, until


@pytest.fixture(scope="module")
def house(stack: Stack) -> Iterator[House]:
    made = House(stack)
    made.open()
    yield made
    made.close()


def logged(stack: Stack, since: float) -> str:
    """Every line of every function since then."""
    session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
    client = session.client("logs", endpoint_url=stack.emulator_url)
    return "\n".join(line for _, line in lines(client, int(since * 1000)))


def test_no_key_and_nobodys_data_is_logged_whatever_comes_in(house: House, stack: Stack) -> None:
    began = time.time()
    tag, user = house.tag, f"person-{house.tag}"
    email, phone, value = f"{user}@example.com", "+491701234567", f"diary of {user}"
    wrong_key = f"wrong-{tag}"
    right, wrong = house.install("braze"), house.install("braze", config={"rest_api_key": wrong_key})
    house.install("actioniq")
    good = house.track(user, properties={"note": value}, context={"traits": {"email": email}})
    person = {"type": "identify", "userId": user, "traits": {"email": email, "phone": phone, "note": value}}
    assert (
        house.send({"batch": [good, person, {"type": value, "userId": user}, value, {"userId": email}]})[0]
        == 200
    )
    house.send(f'{{"broken": "{value}", ')
    house.send(f'{{"event": {{"{value}": NaN}}}}', "track")
    house.enqueue(f"not json: {value} {email}", {"batch": [{"userId": user, "traits": {"email": email}}]})
    token = house.admin("POST", "tokens", {"name": tag, "role": "activator"})[1]
    order = {
        "activation_id": tag,
        "kind": "campaign",
        "integration_id": right,
        "settings": {"campaign_id": "c"},
    }
    rows = [{"external_id": user, "trigger_properties": {"note": value}}, {"email": email}, value]
    for body in (order | {"rows": rows}, order | {"rows": value}, value):
        ask("POST", f"{stack.api_url}/v1/activations", body, bearer=token["token"])
    config = {"rest_api_key": f"bad\n{tag}", "rest_endpoint": f"https://{tag}.evil.example/{value}"}
    assert house.admin("POST", "integration-catalog/braze/install", {"name": tag, "config": config})[0] == 422
    house.admin("GET", f"live-events?user={email.replace('@', '%40')}")
    ask("GET", f"{stack.api_url}/v1/admin/integrations", bearer=f"not-a-token-{tag}")
    until(lambda: house.rows(right, status="delivered"), "the delivery")
    until(lambda: house.rows(wrong, status="blocked"), "the refusal")
    delivery: Any = house.rows(right, status="delivered")[0]["delivery_id"]
    until(lambda: delivery in logged(stack, began), "the delivery's own line in the log")
    house.admin("DELETE", f"tokens/{token['id']}")

    said = logged(stack, began)
    secrets = {
        "a user": user,
        "an address": email,
        "a number": phone,
        "a value": value,
        "a wrong key": wrong_key,
        "a right key": house.actioniq_key,
        "a write key": house.source["write_key"],
        "an activator's token": token["token"],
        "the admin's token": stack.admin_token,
        "a guessed token": f"not-a-token-{tag}",
        "a key that is no header": f"bad\n{tag}",
        "an endpoint that is refused": f"{tag}.evil.example",
    }
    assert [
        name for name, secret in secrets.items() if any(form in said for form in as_written(secret))
    ] == []
