"""What holds data, what is logged, what is open: checked over the transformed template."""

import dataclasses
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bridge.settings.authorizer import AuthorizerSettings
from bridge.settings.plan import PlanSettings
from bridge.stores.snapshots import SUPERSEDED
from local.http_api import authorizers, routes
from local.invoke import FUNCTIONS
from tests.unit.template.lanes import LANES
from tests.unit.template.test_queues import Resources, of_type

ROOT = Path(__file__).resolve().parents[3]
STATEFUL = ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"]
OPEN_PATHS = {"batch", "b", "import", "events", "activations"}
OPEN_PATHS |= {"track", "page", "identify", "group", "alias", "screen", "t", "p", "i", "g", "a", "s"}


def api_body(resources: Resources) -> dict[str, Any]:
    (api,) = of_type(resources, "AWS::ApiGatewayV2::Api").values()
    return api["Body"]


@pytest.mark.parametrize("kind", STATEFUL)
def test_what_holds_data_outlives_the_stack(resources: Resources, kind: str) -> None:
    found = [resource for resource in resources.values() if resource["Type"] == kind]
    assert found
    assert all(one["DeletionPolicy"] == one["UpdateReplacePolicy"] == "Retain" for one in found)


def test_tables_are_encrypted_recoverable_and_forget_what_is_due(resources: Resources) -> None:
    for table in of_type(resources, "AWS::DynamoDB::Table").values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_buckets_are_private_encrypted_and_versioned(resources: Resources) -> None:
    for bucket in of_type(resources, "AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


RETENTION = {
    "stages/2026-11-22/dlv_1.json": "StageRetentionDays",
    "letters/ltr_1.json": "LetterRetentionDays",
    "runs/run_1/report.json": "RunRetentionDays",
    "runs/run_1/rejects.csv": "RunRetentionDays",
    "runs/run_1/plan-1/part-00001.jsonl": "RunRetentionDays",
    "runs/run_1/plan-1/changes-0000.parquet": "RunRetentionDays",
    "runs/run_1/results/part-00001.json": "RunRetentionDays",
}


def expiry(resources: Resources, key: str, tags: str = "") -> list[str]:
    """The parameters of the rules that delete an object of the state bucket."""
    rules = resources["StateBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    wanted = dict([tags.split("=")] if tags else [])
    return [
        rule["ExpirationInDays"]["Ref"]
        for rule in rules
        if "ExpirationInDays" in rule
        and rule["Status"] == "Enabled"
        and key.startswith(rule.get("Prefix", ""))
        and all(wanted.get(tag["Key"]) == tag["Value"] for tag in rule.get("TagFilters", ()))
    ]


@pytest.mark.parametrize(("key", "parameter"), RETENTION.items())
def test_everything_that_is_kept_expires_by_one_rule_with_a_parameter(
    resources: Resources, key: str, parameter: str
) -> None:
    assert expiry(resources, key) == [parameter]


def test_a_snapshot_expires_once_it_is_marked_and_a_current_one_never(
    resources: Resources, source: dict[str, Any]
) -> None:
    key = "snapshots/int_1/a/1/000001-run_1/p-0000.parquet"
    assert expiry(resources, key) == []
    assert expiry(resources, key, SUPERSEDED) == ["SnapshotRetentionDays"]
    days = source["Parameters"]["SnapshotRetentionDays"]["Default"]
    assert days == PlanSettings.__dataclass_fields__["snapshot_retention_days"].default


def test_what_has_expired_is_not_kept_as_an_earlier_version(resources: Resources) -> None:
    rules = {
        rule["Id"]: rule for rule in resources["StateBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    }
    for name in ("Stages", "Letters", "Runs"):
        assert rules[name]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rules["Noncurrent"]["NoncurrentVersionExpiration"] == {
        "NoncurrentDays": {"Ref": "NoncurrentVersionDays"}
    }
    assert rules["Noncurrent"]["ExpiredObjectDeleteMarker"] is True


@pytest.mark.parametrize(
    ("function", "variable", "parameter"),
    [
        ("DeadLetterFunction", "LETTER_RETENTION_DAYS", "LetterRetentionDays"),
        ("AudiencePlanFunction", "RUN_RETENTION_DAYS", "RunRetentionDays"),
        ("AudiencePlanFunction", "SNAPSHOT_RETENTION_DAYS", "SnapshotRetentionDays"),
        ("AudienceSyncFunction", "RUN_RETENTION_DAYS", "RunRetentionDays"),
        ("OperationsFunction", "RUN_RETENTION_DAYS", "RunRetentionDays"),
    ],
)
def test_rows_are_kept_as_long_as_their_files(
    resources: Resources, function: str, variable: str, parameter: str
) -> None:
    found = resources[function]["Properties"]["Environment"]["Variables"]
    assert found[variable] == {"Ref": parameter}


def test_a_manifest_or_a_dropped_file_starts_a_run_and_a_part_does_not(resources: Resources) -> None:
    found = resources["ExportBucket"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    filters = [{rule["Name"]: rule["Value"] for rule in one["Filter"]["S3Key"]["Rules"]} for one in found]
    assert filters == [{"prefix": "exports/", "suffix": "manifest.json"}, {"prefix": "drop/"}]


def test_every_function_logs_json_to_a_group_that_forgets(resources: Resources) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    assert all("RetentionInDays" in group for group in groups.values())
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert function["LoggingConfig"]["LogGroup"] == {"Ref": name.replace("Function", "LogGroup")}


def test_no_setting_hides_metrics_or_lets_boto_log_keys(source: dict[str, Any]) -> None:
    shared = source["Globals"]["Function"]
    assert shared["LoggingConfig"]["ApplicationLogLevel"] == "INFO"
    assert shared["Environment"]["Variables"]["LOG_LEVEL"] == "INFO"


def test_every_function_runs_the_handler_of_its_own_folder(source: dict[str, Any]) -> None:
    functions = {
        name: resource["Properties"]["CodeUri"]
        for name, resource in source["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert functions == {name: f"functions/{folder}/" for folder, name in FUNCTIONS.items()}
    assert all((ROOT / folder / "app.py").exists() for folder in functions.values())


def test_the_endpoint_variable_is_absent_on_aws(source: dict[str, Any]) -> None:
    found = source["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"]
    assert found == {"Fn::If": ["OnAws", {"Ref": "AWS::NoValue"}, {"Ref": "EndpointUrl"}]}


def test_every_admin_route_stands_behind_the_authorizer(resources: Resources) -> None:
    for route in routes(api_body(resources)):
        behind = route.authorizer == "AdminAuthorizer"
        assert behind == ("/v1/admin/" in route.key), route.key


def test_the_public_routes_are_these_and_no_others(resources: Resources) -> None:
    public = {route.key for route in routes(api_body(resources)) if route.authorizer is None}
    console = {"GET /console", "GET /console/{proxy+}", "POST /console/{proxy+}"}
    assert public == {"$default", *console, *(f"POST /v1/{path}" for path in OPEN_PATHS)}


def test_the_console_may_write_its_log_and_nothing_else(resources: Resources) -> None:
    role = resources["ConsoleRole"]["Properties"]
    statements = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    assert [one["Sid"] for one in statements] == ["Logs"]


def test_an_answer_of_the_authorizer_is_kept_a_minute_at_most(resources: Resources) -> None:
    (gate,) = authorizers(api_body(resources))
    assert gate.function == "AuthorizerFunction"
    assert gate.headers == ("$request.header.Authorization",)
    assert gate.seconds <= 60


def test_the_api_is_throttled_and_logged(resources: Resources) -> None:
    (stage,) = of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    assert {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= set(stage["DefaultRouteSettings"])
    assert stage["AccessLogSettings"]["DestinationArn"]


def test_a_line_of_the_access_log_is_json_whatever_the_gateway_says(resources: Resources) -> None:
    """`messageString` and no other variable comes with quotation marks of its own."""
    (stage,) = of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    line = re.sub(
        r"\$context\.[\w.]+",
        lambda said: '"Unauthorized"' if said[0].endswith("messageString") else "Unauthorized",
        stage["AccessLogSettings"]["Format"],
    )
    assert json.loads(line)["error"] == "Unauthorized"


def test_no_metric_of_the_api_is_paid_for_that_nobody_looks_at(resources: Resources) -> None:
    """Metrics by route cost as much as custom ones, for some seventy routes; the access log names the route."""
    (stage,) = of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    settings = [stage["DefaultRouteSettings"], *stage["RouteSettings"].values()]
    assert not [one for one in settings if one.get("DetailedMetricsEnabled")]


def test_a_warning_of_the_import_stops_no_deployment(resources: Resources) -> None:
    """SAM marks open routes with a scheme `NONE` that it describes nowhere."""
    (api,) = of_type(resources, "AWS::ApiGatewayV2::Api").values()
    described = set(api["Body"]["components"]["securitySchemes"])
    named = {
        name
        for methods in api["Body"]["paths"].values()
        for said in methods.values()
        for need in said.get("security", ())
        for name in need
    }
    assert named - described == {"NONE"}
    assert not api.get("FailOnWarnings")


def test_a_producer_of_another_account_may_send_an_acl_along_that_changes_nothing(
    resources: Resources,
) -> None:
    bucket = resources["ExportBucket"]["Properties"]
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    statements = resources["ExportBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert "s3:PutObjectAcl" in statements[0]["Fn::If"][1]["Action"]


def test_a_route_with_limits_of_its_own_exists(resources: Resources) -> None:
    (stage,) = of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    assert set(stage["RouteSettings"]) <= {route.key for route in routes(api_body(resources))}


def test_the_outputs_are_all_there(source: dict[str, Any]) -> None:
    named = {"ApiUrl", "ExportBucketName", "StateBucketName"}
    named |= {"InstallationsTableName", "DeliveriesTableName", "RunsTableName"}
    named |= {f"{queue}{kind}Url" for queue in LANES.values() for kind in ("Queue", "DeadLetterQueue")}
    assert named <= set(source["Outputs"])


def test_every_parameter_has_a_default_and_says_what_it_is(source: dict[str, Any]) -> None:
    assert all("Default" in one and one["Description"] for one in source["Parameters"].values())


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_a_stage_is_a_stack_of_its_own_and_sets_parameters_that_exist(
    source: dict[str, Any], stage: str
) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))[stage]
    shared = config["global"]["parameters"]
    # Not of deploy alone: a build that knows nothing of Architecture=x86_64 makes a bundle that cannot start.
    assert all("parameter_overrides" not in config[verb]["parameters"] for verb in config if verb != "global")
    given = dict(pair.split("=", 1) for pair in shared["parameter_overrides"].split())
    assert shared["stack_name"] == f"signal-bridge-{stage}"
    for name, value in given.items():
        parameter = source["Parameters"][name]
        if "AllowedValues" in parameter:
            assert value in map(str, parameter["AllowedValues"])
        if parameter["Type"] == "Number":
            assert float(value) >= parameter.get("MinValue", 0)


def test_every_parameter_is_used_and_shown_in_a_group(source: dict[str, Any]) -> None:
    groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(source["Parameters"])
    used = repr(source["Resources"]) + repr(source["Globals"]) + repr(source["Conditions"])
    assert all(f"'Ref': '{name}'" in used for name in source["Parameters"])


def test_jwts_are_believed_only_over_https_and_for_an_audience(
    source: dict[str, Any], resources: Resources
) -> None:
    parameters = source["Parameters"]
    issuer = parameters["JwtIssuer"]
    assert (issuer["Default"], parameters["JwtAudience"]["Default"]) == ("", "")
    allowed = re.compile(issuer["AllowedPattern"])
    for address in ("", "https://login.example.com", "https://login.example.com/tenant/v2.0/"):
        assert allowed.fullmatch(address), address
    for address in ("http://login.example.com", "https://", "https:///x", "https://u@h", "https://h?a", "x"):
        assert not allowed.fullmatch(address), address
    rule = source["Rules"]["JwtNeedsAnAudience"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "JwtIssuer"}, ""]}]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "JwtAudience"}, ""]}]}
    told = resources["AuthorizerFunction"]["Properties"]["Environment"]["Variables"]
    read = ("jwt_issuer", "jwt_audience", "jwt_role_claim")
    assert set(read) <= {field.name for field in dataclasses.fields(AuthorizerSettings)}
    assert all(told[name.upper()] == {"Ref": name.title().replace("_", "")} for name in read)
