"""From the library to a working installation: catalog, install, look, change, switch, test, remove."""

import uuid
from typing import Annotated

import typer

from bridge_cli import asking
from bridge_cli.api import Json
from bridge_cli.errors import CliError, ExitCode, usage
from bridge_cli.lookup import installation
from bridge_cli.session import Session, commands
from bridge_cli.views import integrations as views

Called = Annotated[str, typer.Argument(metavar="INTEGRATION", help="Its id, its name, or its key.")]
Pairs = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A field; see bridge catalog KEY.")
]
SecretStdin = Annotated[
    bool,
    typer.Option("--secret-stdin", help="Secrets on stdin: the value, NAME=VALUE lines, or a JSON object."),
]
Sources = Annotated[
    list[str] | None, typer.Option("--source", metavar="ID", help="Only this source feeds it.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    commands(
        app,
        {
            "catalog": catalog,
            "install": install,
            "integrations": integrations,
            "configure": configure,
            "rotate": rotate,
            "enable": enable,
            "disable": disable,
            "test": check,
            "uninstall": uninstall,
        },
    )


def catalog(
    session: Session,
    key: Annotated[str, typer.Argument(help="An integration's key, to see its fields.")] = "",
    *,
    category: Annotated[str, typer.Option(help="Such as cdp.")] = "",
    search: Annotated[str, typer.Option(help="Looked for in key, name and description.")] = "",
) -> None:
    """Show the integration library, or the fields of one integration."""
    if key:
        one = session.api.get(f"/integration-catalog/{key}")
        session.screen.show(one, lambda: views.entry(one))
        return
    found = list(session.api.pages("/integration-catalog", category=category or None, q=search or None))
    session.screen.show({"data": found}, lambda: views.catalog(found))


def install(
    session: Session,
    key: Annotated[str, typer.Argument(help="A key of the library, such as actioniq.")],
    *,
    name: Annotated[str, typer.Option(help="By default the integration's own.")] = "",
    variant: Annotated[str, typer.Option(help="A preset of the catalog entry.")] = "default",
    pairs: Pairs = None,
    secret_stdin: SecretStdin = False,
    sources: Sources = None,
    tested: Annotated[
        bool, typer.Option("--test", help="Ask the vendor first; save only what it lets in.")
    ] = False,
) -> None:
    """Install an integration; what was not given is asked for, secrets without echo."""
    entry = session.api.get(f"/integration-catalog/{key}")
    fields = entry["config_fields"]
    given = asking.settings(fields, pairs or ()) | _secrets(session, fields, piped=secret_stdin)
    preset: Json = next(
        (one.get("default_config", {}) for one in entry["variants"] if one["key"] == variant), {}
    )
    answered = asking.ask_for(session.screen, fields, {**preset, **given})
    config = {field: value for field, value in answered.items() if value is not None}
    body: Json = {"name": name or entry["name"], "variant": variant, "config": config}
    made = session.api.post(
        f"/integration-catalog/{key}/install{'?test=true' if tested else ''}",
        body | ({} if sources is None else {"sources": sources}),
        key=uuid.uuid4().hex,
    )
    session.screen.show(made, lambda: views.installation(made))
    session.screen.say(f"Next: bridge test {made['id']}")


def integrations(
    session: Session,
    called: Annotated[
        str, typer.Argument(metavar="[INTEGRATION]", help="Its id, name or key, to see it whole.")
    ] = "",
    *,
    revisions: Annotated[bool, typer.Option("--revisions", help="Every state it has been in.")] = False,
) -> None:
    """List what is installed, or show one installation."""
    if not called:
        if revisions:
            raise usage("--revisions needs an installation.", "What there is: bridge integrations")
        rows = list(session.api.pages("/integrations"))
        session.screen.show({"data": rows}, lambda: views.installed(rows))
        return
    one = installation(session.api, called)
    if revisions:
        states = list(session.api.pages(f"/integrations/{one['id']}/revisions"))
        session.screen.show({"data": states}, lambda: views.revisions(states))
    else:
        session.screen.show(one, lambda: views.installation(one))


def configure(
    session: Session,
    called: Called,
    *,
    pairs: Pairs = None,
    name: Annotated[str, typer.Option(help="A new name.")] = "",
    sources: Sources = None,
    every_source: Annotated[
        bool, typer.Option("--every-source", help="Every source but test sources feeds it.")
    ] = False,
    summary: Annotated[str, typer.Option(help="What to write down as the reason.")] = "",
) -> None:
    """Change an installation: a new revision. An empty value takes an optional field away."""
    one = installation(session.api, called)
    fields = session.api.get(f"/integration-catalog/{one['catalog_key']}")["config_fields"]
    change: Json = {"name": name, "config": asking.settings(fields, pairs or ()), "change_summary": summary}
    body = {field: value for field, value in change.items() if value}
    if every_source or sources is not None:
        body["sources"] = None if every_source else sources
    if not set(body) - {"change_summary"}:
        raise usage("Nothing to change.", "Give --set NAME=VALUE, --name, --source or --every-source.")
    _changed(session, one, body)


def rotate(
    session: Session,
    called: Called,
    *,
    secret_stdin: SecretStdin = False,
) -> None:
    """Replace the keys of an installation, after they were made anew at the vendor."""
    one = installation(session.api, called)
    fields = session.api.get(f"/integration-catalog/{one['catalog_key']}")["config_fields"]
    held = [field for field in fields if field["type"] == "secret" and field["key"] in one["config"]]
    if not held:
        raise CliError(
            ExitCode.INVALID, f"{one['name']} holds no secret.", "See: bridge integrations " + one["id"]
        )
    found = _secrets(session, held, piped=secret_stdin)
    required = [{**field, "required": True} for field in held]
    config = found or asking.ask_for(session.screen, required, {})
    _changed(session, one, {"config": config, "change_summary": f"Rotated {', '.join(config)}"})


def enable(session: Session, called: Called) -> None:
    """Deliver its events from now on."""
    _switch(session, called, "enable")


def disable(session: Session, called: Called) -> None:
    """Filter its events until it is enabled again."""
    _switch(session, called, "disable")


def check(
    session: Session,
    called: Annotated[
        str, typer.Argument(metavar="[INTEGRATION]", help="Id, name or key; else all enabled.")
    ] = "",
) -> None:
    """Ask the vendor what the stored key may do; a customer sees nothing of it."""
    api = session.api
    chosen = (
        [installation(api, called)]
        if called
        else [one for one in api.pages("/integrations") if one["enabled"]]
    )
    reports = [
        {"id": one["id"], "name": one["name"], **api.post(f"/integrations/{one['id']}/test", again=True)}
        for one in chosen
    ]
    session.screen.show(
        {"data": reports},
        lambda: views.reports(reports),
    )
    if bad := [str(one["name"]) for one in reports if not one["ok"]]:
        raise CliError(
            ExitCode.FOUND,
            f"Not everything may be done: {', '.join(bad)}.",
            "After mending the key: bridge rotate",
        )


def uninstall(session: Session, called: Called, *, yes: Yes = False) -> None:
    """Delete an installation; its revisions stay, its secret can be restored for 7 days."""
    one = installation(session.api, called)
    question = f"Delete {one['name']} ({one['id']})?"
    if not yes and not session.screen.agreed(question, "Say so with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was deleted.")
    session.api.delete(f"/integrations/{one['id']}")
    session.screen.show({"deleted": one["id"]}, lambda: f"Deleted: {one['name']} ({one['id']})")


def _secrets(session: Session, fields: list[Json], *, piped: bool) -> Json:
    text = typer.get_text_stream("stdin").read() if piped else None
    return dict(asking.secrets(fields, session.world.environ, text))


def _changed(session: Session, one: Json, body: Json) -> None:
    after = session.api.patch(f"/integrations/{one['id']}", body)
    session.screen.show(after, lambda: views.installation(after))


def _switch(session: Session, called: str, what: str) -> None:
    one = installation(session.api, called)
    after = session.api.post(f"/integrations/{one['id']}/{what}", again=True)
    session.screen.show(after, lambda: views.installation(after))
