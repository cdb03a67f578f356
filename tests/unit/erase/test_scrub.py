"""A document without the person, and nobody else missing from it."""

import json

import pytest

from bridge.flows.erase import scrub
from bridge.flows.erase.scrub import ERASED
from bridge.flows.erase.subject import Subject
from mapping import actioniq, braze, webhook
from mapping.braze_rows import to_recipient
from mapping.installation import ActionIqSettings, BrazeSettings

ANN = Subject(external_id="customer-0042", braze_id="5f2b8c", anonymous_id="anon-1")
OTHER = {"userId": "customer-0043", "type": "track", "event": "E", "properties": {"n": 1}}


def clean(document):
    found = scrub.document(json.dumps(document).encode(), ANN)
    return None if found is None else json.loads(found)


@pytest.mark.parametrize(
    "thing",
    [
        {"type": "track", "userId": "customer-0042", "properties": {"email": "ann@example.com"}},
        {"type": "page", "anonymousId": "anon-1"},
        {"type": "alias", "previousId": "anon-1", "userId": "someone"},
        {"type": "identify", "context": {"braze_id": "5f2b8c", "locale": "en"}, "traits": {"city": "B"}},
        {"external_id": "customer-0042", "AIQ_a_1": True},
        {"braze_id": "5f2b8c", "name": "E"},
        {"external_user_id": "customer-0042", "trigger_properties": {"n": 1}},
        {"record_id": "m", "identifiers": {"crm": "customer-0042"}, "attributes": {"city": "B"}},
        {"message_id": "m", "user": "customer-0042"},
    ],
)
def test_everything_about_the_person_goes_and_its_place_stays(thing):
    stage = {"input": [OTHER, thing], "request": [{"url": "https://x", "body": {"events": [thing, OTHER]}}]}
    assert clean(stage) == {
        "input": [OTHER, ERASED],
        "request": [{"url": "https://x", "body": {"events": [ERASED, OTHER]}}],
    }


@pytest.mark.parametrize(
    "document",
    [
        {"items": [OTHER]},
        {"items": [{**OTHER, "properties": {"n": "customer-00421"}}]},
        {"items": [{**OTHER, "userId": "customer-0042-b"}]},
        {"items": [{**OTHER, "context": {"page": "anon-1x"}}]},
    ],
)
def test_who_is_somebody_else_stays(document):
    assert clean(document) is None


def test_an_identifier_in_free_text_is_taken_out_of_it():
    told = {"status": 400, "body": "user customer-0042 is unknown, customer-00421 is not"}
    assert clean({"response": [told]}) == {
        "response": [{"status": 400, "body": "user erased is unknown, customer-00421 is not"}]
    }


def test_a_short_identifier_is_not_looked_for_in_free_text():
    subject = Subject(external_id="1")
    body = json.dumps({"items": [{"userId": "2", "properties": {"n": "1"}}, {"userId": "1"}]}).encode()
    assert json.loads(scrub.document(body, subject) or b"") == {
        "items": [{"userId": "2", "properties": {"n": "1"}}, ERASED]
    }


@pytest.mark.parametrize("name", ['say "hi"', "ümlaut", "tab\there", "𝄞"])
def test_an_identifier_is_found_however_it_is_written(name):
    subject = Subject(external_id=name)
    for escaped in (True, False):
        body = json.dumps({"items": [{"userId": name}]}, ensure_ascii=escaped).encode()
        assert json.loads(scrub.document(body, subject) or b"") == {"items": [ERASED]}


def test_what_cannot_be_read_and_names_the_person_goes_as_a_whole():
    assert json.loads(scrub.document(b"{customer-0042", ANN) or b"") == ERASED


def test_doing_it_twice_changes_nothing_more():
    once = scrub.document(json.dumps({"items": [{"userId": "customer-0042"}, OTHER]}).encode(), ANN)
    assert once is not None
    assert scrub.document(once, ANN) is None
    line = scrub.lines(b'{"external_id":"customer-0042"}\n{"external_id":"b"}\n', ANN)
    assert line == b'{}\n{"external_id":"b"}\n'
    assert scrub.lines(line, ANN) is None


def test_no_lane_makes_anything_of_what_is_left_when_a_letter_is_replayed():
    assert (
        braze.to_objects(dict(ERASED), BrazeSettings(rest_endpoint="https://rest.iad-01.braze.com")).reason
        == "not_mapped"
    )  # type: ignore[union-attr]
    settings = ActionIqSettings(account_id="a", destination_id="d")
    assert actioniq.to_record(dict(ERASED), settings).reason == "not_mapped"  # type: ignore[union-attr]
    webhook_settings = webhook.WebhookSettings(url="https://example.com")
    assert webhook.to_event(dict(ERASED), webhook_settings).reason == "not_mapped"  # type: ignore[union-attr]
    assert to_recipient(dict(ERASED)).outcome == "rejected"  # type: ignore[union-attr]


def test_rejects_lose_the_rows_that_name_the_person():
    rows = [
        "stage,source,row,identifier,reason,line\r\n",
        "plan,a.csv,1,customer-0042,why,\r\n",
        "plan,a.csv,2,customer-0043,why,\r\n",
        'braze,p,3,"multi\n',
        'line",why,"{""external_id"":""customer-0042""}"\r\n',
    ]
    assert b"".join(scrub.rejects(rows, ANN)).decode() == (
        "stage,source,row,identifier,reason,line\r\nplan,a.csv,2,customer-0043,why,\r\n"
    )


def test_a_neutralised_identifier_is_the_persons_too():
    rows = ["stage,source,row,identifier,reason,line\r\n", "plan,a.csv,1,'+4917012,why,\r\n"]
    assert b"4917012" not in b"".join(scrub.rejects(rows, Subject(external_id="+4917012")))
