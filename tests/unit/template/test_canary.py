"""The template for a step by step release: every call goes over an alias, and a change of a layer counts."""

import re
from pathlib import Path
from typing import Any

import pytest

from local.canary import KINDS, UNQUALIFIED, fingerprint, shifted
from local.invoke import FUNCTIONS
from tests.unit.template.conftest import transformed
from tests.unit.template.test_queues import Resources, of_type

KIND = "Canary10Percent5Minutes"
SHIFTED = set(FUNCTIONS.values()) - UNQUALIFIED


@pytest.fixture(scope="module")
def canary(source: dict[str, Any]) -> Resources:
    return transformed(shifted(source, KIND, "a" * 64))


def versions(source: dict[str, Any], built: str) -> set[str]:
    """The versions of one function and the layers it uses; the others take longer and are no different."""
    resources = source["Resources"]
    kept = {name: one for name, one in resources.items() if "Layer" in name or name == "IngestFunction"}
    made = transformed(shifted(source | {"Resources": kept}, KIND, built))
    return {name for name, one in made.items() if one["Type"] == "AWS::Lambda::Version"}


def test_every_function_but_the_authorizer_has_an_alias_that_is_shifted(canary: Resources) -> None:
    aliases = of_type(canary, "AWS::Lambda::Alias")
    assert {one["FunctionName"]["Ref"] for one in aliases.values()} == SHIFTED
    assert all("CodeDeployLambdaAliasUpdate" in canary[name]["UpdatePolicy"] for name in aliases)
    groups = of_type(canary, "AWS::CodeDeploy::DeploymentGroup")
    assert {KIND in str(one["DeploymentConfigName"]) for one in groups.values()} == {True}


def test_a_shift_goes_back_when_the_function_fails(canary: Resources) -> None:
    for name, group in of_type(canary, "AWS::CodeDeploy::DeploymentGroup").items():
        told = {one["Name"]["Ref"] for one in group["AlarmConfiguration"]["Alarms"]}
        assert told == {
            name.replace("FunctionDeploymentGroup", "ErrorsAlarm"),
            "UnexpectedFailuresAlarm",
        }
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_no_queue_and_no_route_goes_past_the_alias(canary: Resources) -> None:
    for mapping in of_type(canary, "AWS::Lambda::EventSourceMapping").values():
        assert mapping["FunctionName"]["Ref"].endswith("Aliaslive")
    (api,) = of_type(canary, "AWS::ApiGatewayV2::Api").values()
    called = set(re.findall(r"\$\{(\w+)(?:\.Arn)?\}/invocations", str(api["Body"]["paths"])))
    assert called
    assert all(name.endswith("FunctionAliaslive") for name in called)


def test_a_bundle_of_which_only_a_layer_changed_makes_a_new_version_and_the_same_one_makes_none(
    source: dict[str, Any], tmp_path: Path
) -> None:
    module = tmp_path / "BridgeLayer" / "python" / "bridge" / "errors.py"
    module.parent.mkdir(parents=True)
    module.write_text("before = 1\n")
    before, again = fingerprint(tmp_path, "stage"), fingerprint(tmp_path, "stage")
    module.write_text("after = 1\n")
    first, second, third = (versions(source, one) for one in (before, again, fingerprint(tmp_path, "stage")))
    assert first == second
    assert len(first) == len(third) == 1
    assert not first & third


def test_a_setting_of_the_stage_counts_too(tmp_path: Path) -> None:
    assert fingerprint(tmp_path, "ClaimDays=7") != fingerprint(tmp_path, "ClaimDays=8")


@pytest.mark.parametrize(
    ("kind", "known"),
    [(KIND, True), ("Linear10PercentEvery1Minute", True), ("AllAtOnce", True), ("Canary50", False)],
)
def test_only_what_codedeploy_knows_is_taken(kind: str, known: bool) -> None:
    assert bool(KINDS.fullmatch(kind)) is known
