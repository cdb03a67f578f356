"""What a column of an export becomes, by name and type."""

import pytest

from mapping.braze_columns import Column, ColumnKind, classify, columns, identifier_problem, names_a_code
from mapping.braze_fields import CONSENT_ATTRIBUTES, RESERVED_ATTRIBUTES, STANDARD_ATTRIBUTES
from mapping.export import ColumnRule, ColumnType


@pytest.mark.parametrize("name", sorted(STANDARD_ATTRIBUTES.keys() - CONSENT_ATTRIBUTES))
def test_an_exact_standard_name_is_a_standard_attribute_of_its_type(name: str) -> None:
    kind: ColumnType = STANDARD_ATTRIBUTES[name].type  # type: ignore[assignment]
    assert classify(name, kind) == Column(name, ColumnKind.STANDARD, name, kind)


@pytest.mark.parametrize("name", sorted(CONSENT_ATTRIBUTES))
def test_a_consent_column_is_left_out_unless_allowed(name: str) -> None:
    kind: ColumnType = "array" if name == "subscription_groups" else "string"
    [denied] = columns([(name, kind)])
    [allowed] = columns([(name, kind)], consent_fields="allow")
    assert (denied.kind, denied.reason, denied.sent) == (ColumnKind.LEFT_OUT, "consent_field", False)
    assert (allowed.kind, allowed.sent) == (ColumnKind.CONSENT, True)


@pytest.mark.parametrize("name", [*sorted(RESERVED_ATTRIBUTES - {"external_id", "braze_id"}), "AIQ_1_2"])
def test_a_reserved_name_is_refused(name: str) -> None:
    assert classify(name, "string") == Column(name, ColumnKind.REFUSED, name, "string", "reserved_attribute")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("$set", "bad_key"), ("", "empty_key"), (" ", "empty_key"), ("k" * 256, "key_too_long")],
)
def test_a_name_braze_cannot_take_is_refused(name: str, reason: str) -> None:
    assert classify(name, "string").reason == reason


@pytest.mark.parametrize(
    ("name", "standard"),
    [
        ("Birthdate", "dob"),
        ("birthday", "dob"),
        ("Email", "email"),
        ("EMAIL_ADDRESS", "email"),
        ("firstName", "first_name"),
        ("First Name", "first_name"),
        ("Country", "country"),
        ("timezone", "time_zone"),
        ("city", "home_city"),
        ("Email Subscribe", "email_subscribe"),
    ],
)
def test_a_look_alike_is_custom_with_a_warning(name: str, standard: str) -> None:
    column = classify(name, "string")
    assert (column.kind, column.attribute) == (ColumnKind.CUSTOM, name)
    assert f"attribute {standard}," in column.warning


def test_any_other_column_is_custom_under_its_own_name() -> None:
    assert classify("lifetime_value", "number") == Column(
        "lifetime_value", ColumnKind.CUSTOM, "lifetime_value", "number"
    )


def test_identifier_and_operation_are_no_attributes() -> None:
    found: list[tuple[str, ColumnType]] = [
        ("external_id", "string"),
        ("braze_id", "string"),
        ("op", "string"),
    ]
    kinds = [column.kind for column in columns(found, mode="delta")]
    assert kinds == [ColumnKind.IDENTIFIER, ColumnKind.LEFT_OUT, ColumnKind.OPERATION]
    assert columns(found, identifier="braze_id")[1].kind is ColumnKind.IDENTIFIER
    assert columns(found)[2].kind is ColumnKind.CUSTOM


def test_the_manifest_renames_and_types_a_column() -> None:
    rules = {"born": ColumnRule(name="dob", type="date")}
    assert columns([("born", "string")], rules=rules) == (Column("born", ColumnKind.STANDARD, "dob", "date"),)


@pytest.mark.parametrize(
    ("name", "given", "kind"),
    [
        ("dob", "time", ColumnKind.STANDARD),
        ("phone", "integer", ColumnKind.STANDARD),
        ("dob", "integer", ColumnKind.REFUSED),
        ("email", "boolean", ColumnKind.REFUSED),
        ("email_open_tracking_disabled", "string", ColumnKind.REFUSED),
    ],
)
def test_a_standard_attribute_takes_only_types_that_can_become_its_own(
    name: str, given: ColumnType, kind: ColumnKind
) -> None:
    assert classify(name, given).kind is kind


def test_two_columns_cannot_be_one_attribute() -> None:
    first, second = columns([("email", "string"), (" email ", "string")])
    assert first.sent
    assert (second.kind, second.reason) == (ColumnKind.REFUSED, "duplicate_attribute")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("u", ""),
        ("", "empty_identifier"),
        (" ", "empty_identifier"),
        (None, "empty_identifier"),
        (7, "empty_identifier"),
        ("u" * 987, ""),
        ("u" * 988, "external_id_too_long"),
        ("\u00e9" * 494, "external_id_too_long"),
    ],
)
def test_an_identifier_is_text_within_brazes_limit(value: object, problem: str) -> None:
    assert identifier_problem(value) == problem


@pytest.mark.parametrize(
    "name",
    [
        "zip",
        "ZIP",
        "zipCode",
        "zip_4",
        "home postcode",
        "PLZ",
        "codePostal",
        "postal_area",
        "Postleitzahl",
        "id",
        "customerId",
        "customer_id",
        "StoreID",
        "phone",
        "mobile_no",
        "order_number",
        "promo-code",
        "EAN",
    ],
)
def test_a_name_of_an_id_a_postcode_or_a_number_to_call_names_a_code(name: str) -> None:
    assert names_a_code(name)


@pytest.mark.parametrize(
    "name",
    [
        "orders",
        "number_of_orders",
        "paid",
        "grid",
        "zipper_sales",
        "phone_calls",
        "idle_days",
        "value",
        "",
        "7",
    ],
)
def test_any_other_name_does_not(name: str) -> None:
    assert not names_a_code(name)
