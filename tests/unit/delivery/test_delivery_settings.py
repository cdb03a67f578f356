import pytest

from bridge.settings import CommaList, InvalidSettings, Settings


class Example(Settings):
    stack_name: str
    claim_days: int = 7
    extra_allowed_hosts: CommaList = ()


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(InvalidSettings, match="STACK_NAME: Field required"):
        Example.load({})


def test_a_malformed_value_is_named_but_not_repeated() -> None:
    with pytest.raises(InvalidSettings, match="CLAIM_DAYS") as caught:
        Example.load({"STACK_NAME": "s", "CLAIM_DAYS": "a-secret"})
    assert "a-secret" not in str(caught.value)


def test_an_empty_variable_counts_as_absent() -> None:
    assert Example.load({"STACK_NAME": "s", "CLAIM_DAYS": ""}).claim_days == 7


def test_a_comma_list_drops_blanks() -> None:
    loaded = Example.load({"STACK_NAME": "s", "EXTRA_ALLOWED_HOSTS": "127.0.0.1:8085, ,localhost"})
    assert loaded.extra_allowed_hosts == ("127.0.0.1:8085", "localhost")
