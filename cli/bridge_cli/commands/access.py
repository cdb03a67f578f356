"""`bridge login`, `logout`, `profiles`: which stack, with which token."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from bridge_cli.errors import CliError, ExitCode, usage
from bridge_cli.identity import identity
from bridge_cli.profile import Profile, find_stack_file, read_stack
from bridge_cli.screen import facts, table
from bridge_cli.session import Session, commands
from bridge_cli.transport import check_address

TokenStdin = Annotated[bool, typer.Option("--token-stdin", help="Read the token from stdin.")]
FirstToken = Annotated[
    bool,
    typer.Option("--first-token", help="Take the first admin token out of Secrets Manager (needs --stack)."),
]


@dataclass(frozen=True, slots=True)
class Target:
    """Which stack: one on this machine, one by name, or one by address. Each field is an option."""

    local: Annotated[bool, typer.Option("--local", help="The stack of `make up` on this machine.")] = False
    stack_file: Annotated[
        Path | None, typer.Option(help="Its stack.json, where it is not here or above.")
    ] = None
    url: Annotated[str, typer.Option(help="Address of the API: the stack's output ApiUrl.")] = ""
    stack: Annotated[str, typer.Option(help="CloudFormation stack to read address and bucket from.")] = ""
    region: Annotated[str, typer.Option(help="AWS region of the stack.")] = ""
    aws_profile: Annotated[str, typer.Option(help="By default this shell's AWS credentials.")] = ""
    bucket: Annotated[str, typer.Option(help="Export bucket: the stack's output ExportBucketName.")] = ""

    def named(self, name: str) -> Profile:
        """As a profile that lacks its token and what the stack will say."""
        return Profile(
            name,
            self.url,
            "",
            bucket=self.bucket,
            region=self.region,
            aws_profile=self.aws_profile,
            stack=self.stack,
        )


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    commands(app, {"login": login, "logout": logout, "profiles": profiles})


def login(
    session: Session,
    target: Target,
    *,
    token_stdin: TokenStdin = False,
    first_token: FirstToken = False,
) -> None:
    """Check a token and keep it in a profile, which is used from then on.

    Without --token-stdin the token is read from BRIDGE_TOKEN, else asked for without echo.
    """
    if target.local or target.stack_file:
        path = target.stack_file.resolve() if target.stack_file else find_stack_file(Path.cwd())
        one = Profile(name=session.wanted_profile or "local", stack_file=str(path), **read_stack(path))
        kept = {"stack_file": str(path)}
    else:
        named = target.named(session.wanted_profile or target.stack or "default")
        one = _with_token(session, _of_stack(session, named, first_token=first_token), piped=token_stdin)
        kept = {name: str(getattr(one, name)) for name in _KEPT}
    who = identity(session.api_of(one))
    session.save(session.config.with_profile(one.name, kept).using(one.name))
    document = {"profile": one.name, "api_url": one.api_url, "bucket": one.bucket or None, **who}
    session.screen.show(document, lambda: facts(document))


_KEPT = ("api_url", "token", "bucket", "region", "aws_profile", "stack")


def logout(session: Session) -> None:
    """Forget a profile and its token; the token stays valid until it expires or is deleted."""
    name = session.wanted_profile or session.config.current
    if name not in session.config.profiles:
        raise CliError(ExitCode.NOT_LOGGED_IN, "There is nothing to forget.", "Profiles: bridge profiles")
    session.save(session.config.without(name))
    session.screen.show({"forgotten": name}, lambda: f"Forgotten: {name}")


def profiles(
    session: Session,
    *,
    use: Annotated[str, typer.Option(help="Make this profile the current one.")] = "",
) -> None:
    """List the profiles, or choose the current one."""
    kept = session.config
    if use:
        if use not in kept.profiles:
            raise CliError(
                ExitCode.NOT_FOUND, f"There is no profile {use}.", "What there is: bridge profiles"
            )
        kept = kept.using(use)
        session.save(kept)
    rows = [
        {"name": name, "current": name == kept.current, "at": one.get("stack_file") or one.get("api_url", "")}
        for name, one in sorted(kept.profiles.items())
    ]
    session.screen.show(
        {"data": rows},
        lambda: table(
            ["", "profile", "stack"],
            [["*" if row["current"] else "", row["name"], row["at"]] for row in rows],
        ),
    )


def _of_stack(session: Session, named: Profile, *, first_token: bool) -> Profile:
    if not named.stack:
        if first_token:
            raise usage("--first-token needs --stack.")
        return named if named.api_url else replace(named, api_url=_asked_address(session))
    account = session.world.account(named)
    outputs = account.outputs(named.stack)
    found = replace(
        named,
        api_url=named.api_url or outputs.get("ApiUrl", ""),
        bucket=named.bucket or outputs.get("ExportBucketName", ""),
    )
    if not found.api_url:
        raise CliError(
            ExitCode.AWS, f"{named.stack} has no output ApiUrl.", "Is it a stack of Signal Bridge?"
        )
    return replace(found, token=account.secret(outputs["AdminTokenSecretArn"])) if first_token else found


def _asked_address(session: Session) -> str:
    session.screen.need_person(
        "the address of the API", "Give it with --url, or use --local or --stack NAME."
    )
    return session.screen.asked("Address of the API (the stack's output ApiUrl)")


def _with_token(session: Session, one: Profile, *, piped: bool) -> Profile:
    checked = replace(one, api_url=check_address(one.api_url))
    token = one.token or (typer.get_text_stream("stdin").readline().strip() if piped else "")
    token = token or session.world.environ.get("BRIDGE_TOKEN", "")
    if not token:
        session.screen.need_person("the token", "Pipe it with --token-stdin, or set BRIDGE_TOKEN.")
        token = session.screen.asked("Token", secret=True)
    return replace(checked, token=token)
