"""schemathesis asks every operation, rightly and wrongly: the same requests in every run."""

from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.api.description import operations, schema
from tests.api.house import House, Signed, bearer
from tests.api.taming import tame

NEED_ANOTHERS = {
    "getRun",
    "getLiveEvent",
    "getDeadLetter",
    "approveRun",
    "cancelRun",
    "cancelReplay",
    "getRunReport",
    "getRunRejects",
    "getErasure",
    "rollBackRun",
    "reconcileRun",
}
"""They succeed only where the stack holds what this run does not make."""
DELETES = {"deleteIntegration", "deleteSource", "deleteToken"}


@schema.parametrize()
def test_each_operation_keeps_to_its_description(case: schemathesis.Case, house: House) -> None:
    name = case.operation.definition.raw["operationId"]
    if house.enough(name, rightly=not case.meta.generation.mode.is_negative):
        return
    tame(name, case, house)
    how = access(name, case, house)
    url, session = house.stack.api_url, house.session
    answer = house.ask(lambda: case.call(base_url=url, session=session, timeout=30, **how))
    house.statuses[name, answer.status_code] += 1
    if answer.status_code == HTTPStatus.CREATED:
        house.discard(case.path, answer.json()["id"])
    case.validate_response(answer, excluded_checks=[negative_data_rejection] if names_rows(answer) else [])


def test_each_operation_also_succeeded(house: House) -> None:
    """A description that only refusals keep to says little."""
    succeeded = {name for name, status in house.statuses if status < HTTPStatus.BAD_REQUEST}
    every = {one["operationId"] for _, _, one in operations()}
    assert every - succeeded - NEED_ANOTHERS - DELETES == set()


def access(name: str, case: schemathesis.Case, house: House) -> dict[str, Any]:
    if case.path.startswith("/v1/admin/"):
        return {"headers": bearer(house.tokens["admin"])}
    if name == "activate":
        return {"headers": bearer(house.tokens["activator"])}
    if name == "signedEvents":
        return {"auth": Signed(house.write_key, house.hmac_secret)}
    if name == "pixel":
        return {"params": {"writeKey": house.write_key}}
    return {"auth": (house.write_key, "")}


def names_rows(answer: schemathesis.Response) -> bool:
    """Events of a batch and rows of an order are judged one by one: to be named is to be refused."""
    if (
        answer.status_code >= HTTPStatus.BAD_REQUEST
        or "application/json" not in answer.headers["content-type"]
    ):
        return False
    told = answer.json()
    return bool(told.get("errors") or told.get("rejected"))
