"""The template as CloudFormation would see it: transformed in process, with its parameters' defaults."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[3]
LOCAL_PATHS = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


@pytest.fixture(scope="session")
def source() -> dict[str, Any]:
    return yaml_parse((ROOT / "template.yaml").read_text())


@pytest.fixture(scope="session")
def resources(source: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return transformed(source)


def transformed(source: dict[str, Any]) -> dict[str, dict[str, Any]]:
    template = deepcopy(source)
    for resource in template["Resources"].values():
        if resource["Type"] in LOCAL_PATHS:
            resource["Properties"][LOCAL_PATHS[resource["Type"]]] = "s3://bucket/code.zip"
            resource.pop("Metadata", None)
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        return transform(template, defaults, NoManagedPolicies())["Resources"]


class NoManagedPolicies(ManagedPolicyLoader):
    """The template names none by their short name."""

    def __init__(self) -> None:
        super().__init__(None)

    def load(self) -> dict[str, str]:
        return {}
