"""An installation by whatever a person calls it: its id, its name, or its key when only one has it."""

from collections.abc import Sequence

from bridge_cli.api import Api, Json
from bridge_cli.errors import CliError, ExitCode, usage

LIST = "What there is: bridge integrations"


def installation(api: Api, called: str) -> Json:
    """Raises CliError when there is none, or more than one."""
    if called.startswith("int_"):
        return api.get(f"/integrations/{called}")
    return pick(list(api.pages("/integrations")), called)


def pick(installed: Sequence[Json], called: str) -> Json:
    """By id or name, else by catalog key."""
    wanted = called.casefold()
    named = [one for one in installed if wanted in {one["id"], one["name"].casefold()}]
    found = named or [one for one in installed if one["catalog_key"] == wanted]
    if not found:
        raise CliError(ExitCode.NOT_FOUND, f"There is no installation {called}.", LIST)
    return _single(found, called)


def for_audiences(installed: Sequence[Json], called: str | None) -> Json:
    """The Braze installation that takes an audience: the one named, or the only enabled one."""
    if called:
        return pick(installed, called)
    braze = [one for one in installed if one["catalog_key"] == "braze" and one["enabled"]]
    if not braze:
        raise CliError(
            ExitCode.NOT_FOUND, "No Braze installation is enabled.", "Install one with: bridge install braze"
        )
    return _single(braze, "braze")


def _single(found: Sequence[Json], called: str) -> Json:
    if len(found) > 1:
        names = ", ".join(f"{one['name']} ({one['id']})" for one in found)
        raise usage(
            f"{called} may mean: {names}.", "Name one by its id, with --integration where it is an option."
        )
    return found[0]
