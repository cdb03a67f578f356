"""JWTs of an identity provider: which are believed, and what happens while its keys cannot be read."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bridge.clients.identity import People
from bridge.clients.published_keys import FRESH, PAUSE, SHORT_PAUSE, STALE, PublishedKeys
from bridge.errors import Retryable
from bridge.stores.tokens import Token
from tests.unit.authorizer.provider import (
    AUDIENCE,
    DISCOVERY,
    ISSUER,
    JWKS,
    WEAK,
    Provider,
    private_key,
    public_jwk,
    token,
)
from tests.unit.install.loading import event, load

PAST, FUTURE = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)


class World:
    """A provider, the clock, and who reads the provider's tokens."""

    def __init__(self, issuer: str = ISSUER, role_claim: str = "role") -> None:
        self.provider = Provider()
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        keys = PublishedKeys(issuer, lambda: self.now, self.provider)
        self.people = People(keys, AUDIENCE, role_claim)


@pytest.fixture
def world() -> World:
    return World()


def segments(*parts: Any) -> str:
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)


def unsigned(algorithm: Any, kid: Any = "key-1") -> str:
    claims = jwt.decode(token(), options={"verify_signature": False})
    return segments({"alg": algorithm, "typ": "JWT", "kid": kid}, claims) + "."


def deep() -> str:
    return base64.urlsafe_b64encode(b"[" * 6_000).decode()


def signed_with_the_public_key() -> str:
    """Whoever confuses the algorithms checks an HMAC with what everybody knows."""
    secret = private_key("key-1").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(token(), options={"verify_signature": False})
    text = segments({"alg": "HS256", "typ": "JWT", "kid": "key-1"}, claims)
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def tampered() -> str:
    head, _, signature = token().split(".")
    claims = jwt.decode(token(), options={"verify_signature": False}) | {"role": "admin"}
    return f"{head}.{segments(claims)}.{signature}"


def test_a_token_of_the_provider_says_who_it_is_and_what_they_may_do(world: World) -> None:
    found = world.people.by_token(token(exp=datetime(2099, 1, 1, tzinfo=UTC)))
    assert found is not None
    assert (found.id, found.name, found.roles) == ("ada", "Ada Lovelace", ("editor",))
    assert found.expires_at == "2099-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "made",
    [
        lambda: token(iss="https://login.example.com/another/"),
        lambda: token(iss=ISSUER.rstrip("/")),
        lambda: token(iss=None),
        lambda: token(aud="another"),
        lambda: token(aud=[]),
        lambda: token(aud=None),
        lambda: token(aud="another", client_id=AUDIENCE),
        lambda: token(exp=PAST),
        lambda: token(exp=None),
        lambda: token(exp="soon"),
        lambda: token(exp=10**20),
        lambda: token(exp=float("inf")),
        lambda: token(exp=float("nan")),
        lambda: token(nbf=FUTURE),
        lambda: token(iat=FUTURE),
        lambda: token(sub=None),
        lambda: token(algorithm="none"),
        lambda: unsigned("None"),
        lambda: unsigned("nOnE"),
        lambda: unsigned("RS256"),
        lambda: unsigned("RS256", kid=7),
        lambda: unsigned(["RS256"]),
        lambda: token("key-2"),
        lambda: token("key-2", head={"kid": "key-1"}),
        lambda: token(algorithm="RS512"),
        lambda: token(head={"jku": "https://evil.example/jwks", "kid": "evil"}),
        signed_with_the_public_key,
        tampered,
        lambda: "a.b.c",
        lambda: "..",
        lambda: f"{deep()}.e30.x",
        lambda: "\ud800.é.x",
    ],
)
def test_a_token_that_does_not_hold_is_nobodys(world: World, made: Any) -> None:
    assert world.people.by_token(made()) is None


def test_only_the_configured_provider_is_asked(world: World) -> None:
    world.people.by_token(token(head={"jku": "https://evil.example/jwks", "kid": "evil"}))
    assert set(world.provider.asked) == {DISCOVERY, JWKS}


def test_a_key_too_short_to_trust_signs_for_nobody(world: World) -> None:
    world.provider.published = (WEAK,)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        made = token(WEAK)
    assert world.people.by_token(made) is None


def test_a_key_for_encryption_or_of_an_unknown_kind_is_left_out(world: World) -> None:
    keys = [public_jwk("key-1") | {"use": "enc"}, {"kid": "odd", "kty": "abacus"}, {"kid": 7}, "?"]
    world.provider.answers[JWKS] = (200, json.dumps({"keys": [*keys, public_jwk("key-2")]}).encode())
    assert world.people.by_token(token("key-1")) is None
    assert world.people.by_token(token("key-2")) is not None


def test_a_token_without_an_audience_is_for_the_client_it_was_given_to(world: World) -> None:
    assert world.people.by_token(token(aud=None, client_id=AUDIENCE)) is not None
    assert world.people.by_token(token(aud=["another", AUDIENCE])) is not None


@pytest.mark.parametrize(
    ("claim", "value", "roles"),
    [
        ("role", "viewer", ("viewer",)),
        ("https://example.com/role", "admin", ("admin",)),
        ("cognito:groups", ["staff", "editor"], ("staff", "editor")),
        ("role", 7, ()),
        ("role", {"admin": True}, ()),
        ("role", None, ()),
    ],
)
def test_the_role_stands_in_the_claim_that_was_named(claim: str, value: Any, roles: tuple[str, ...]) -> None:
    found = World(role_claim=claim).people.by_token(token(**{"role": None, claim: value}))
    assert found is not None
    assert found.roles == roles


# ------------------------------------------------------------------ the provider's keys


def test_the_keys_are_read_once_an_hour(world: World) -> None:
    for _ in range(3):
        world.people.by_token(token())
    assert world.provider.asked == [DISCOVERY, JWKS]
    world.now += FRESH
    world.people.by_token(token())
    assert len(world.provider.asked) == 4


def test_a_new_key_is_believed_as_soon_as_a_token_names_it(world: World) -> None:
    assert world.people.by_token(token()) is not None
    world.now += PAUSE
    world.provider.published = ("key-1", "key-2")
    assert world.people.by_token(token("key-2")) is not None


def test_made_up_keys_do_not_become_requests(world: World) -> None:
    for number in range(20):
        world.people.by_token(token(head={"kid": f"made-up-{number}"}))
        world.now += timedelta(seconds=1)
    assert len(world.provider.asked) == 2


def test_while_the_provider_is_away_known_keys_hold_for_a_day(world: World) -> None:
    assert world.people.by_token(token()) is not None
    world.provider.down = True
    world.now += STALE - timedelta(seconds=1)
    assert world.people.by_token(token()) is not None
    world.now += timedelta(seconds=1)
    with pytest.raises(Retryable):
        world.people.by_token(token())


def test_a_provider_that_never_answered_turns_nobody_away_and_lets_nobody_in(world: World) -> None:
    world.provider.down = True
    for _ in range(3):
        with pytest.raises(Retryable):
            world.people.by_token(token())
    assert world.provider.asked == [DISCOVERY]
    world.provider.down = False
    world.now += SHORT_PAUSE
    assert world.people.by_token(token()) is not None


def discovery(**said: Any) -> tuple[int, bytes]:
    return 200, json.dumps({"issuer": ISSUER, "jwks_uri": JWKS} | said).encode()


@pytest.mark.parametrize(
    "answers",
    [
        {DISCOVERY: (500, b"{}")},
        {DISCOVERY: (302, b"{}")},
        {DISCOVERY: (200, b"<html>")},
        {DISCOVERY: (200, b"[]")},
        {DISCOVERY: discovery(issuer="https://login.example.com/another/")},
        {DISCOVERY: discovery(jwks_uri="http://keys.example.com/jwks")},
        {DISCOVERY: discovery(jwks_uri="http://localhost/jwks")},
        {DISCOVERY: discovery(jwks_uri="file:///etc/passwd")},
        {DISCOVERY: discovery(jwks_uri="https://user@keys.example.com/jwks")},
        {DISCOVERY: discovery(jwks_uri=None)},
        {JWKS: (404, b"{}")},
        {JWKS: (200, b'{"keys": "none"}')},
        {JWKS: (200, b"x" * (1024 * 1024 + 1))},
    ],
)
def test_what_is_no_set_of_keys_over_https_is_no_answer(
    world: World, answers: dict[str, tuple[int, bytes]]
) -> None:
    world.provider.answers = answers
    with pytest.raises(Retryable):
        world.people.by_token(token())
    assert set(world.provider.asked) <= {DISCOVERY, JWKS}


def test_an_issuer_without_https_is_never_asked() -> None:
    world = World("http://login.example.com/tenant/")
    with pytest.raises(Retryable):
        world.people.by_token(token(iss="http://login.example.com/tenant/"))
    assert world.provider.asked == []


# ------------------------------------------------------------------ the function


class OurTokens:
    def by_token(self, given: str) -> Token | None:
        return Token(id="tok_1", name="ops", role="viewer") if given == "sb_ours" else None


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, world: World) -> Any:
    monkeypatch.setenv("INSTALLATIONS_TABLE", "t")
    monkeypatch.setenv("ADMIN_TOKEN_SECRET", "arn")
    monkeypatch.setenv("JWT_ISSUER", ISSUER)
    module = load("authorizer")
    module.people, module.token_store = lambda: world.people, OurTokens
    return module


def answered(app: Any, given: str) -> Any:
    made = event("authorizer.bearer_token")
    made["headers"]["authorization"] = f"Bearer {given}"
    return app.lambda_handler(made, None)


def test_a_jwt_is_let_in_beside_our_own_tokens(app: Any) -> None:
    told = answered(app, token(role=["nothing", "viewer", "admin"], exp=datetime(2099, 1, 1, tzinfo=UTC)))
    assert told == {
        "isAuthorized": True,
        "context": {
            "role": "admin",
            "token_id": "ada",
            "name": "Ada Lovelace",
            "expires_at": "2099-01-01T00:00:00.000Z",
        },
    }
    assert answered(app, "sb_ours")["context"]["role"] == "viewer"


@pytest.mark.parametrize("role", [None, "owner", "", [], "Admin"])
def test_somebody_without_a_role_of_ours_is_not_let_in(app: Any, role: Any) -> None:
    assert answered(app, token(role=role)) == {"isAuthorized": False}


def test_our_own_tokens_work_while_the_provider_is_away(app: Any, world: World) -> None:
    world.provider.down = True
    assert answered(app, "sb_ours")["isAuthorized"] is True
    with pytest.raises(Retryable):
        answered(app, token())
    assert len(world.provider.asked) == 1


def test_without_an_issuer_a_jwt_is_nobodys(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JWT_ISSUER")
    app.settings.cache_clear()
    assert answered(app, token()) == {"isAuthorized": False}


def test_the_readers_of_jwts_are_wired_from_the_stacks_parameters(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("JWT_ROLE_CLAIM", "groups")
    fresh = load("authorizer")
    made = fresh.people()
    assert (made.keys.issuer, made.audience, made.role_claim) == (ISSUER, AUDIENCE, "groups")
    assert made.keys.clock().tzinfo is UTC


def test_a_jwt_is_neither_answered_nor_logged(app: Any, caplog: Any, capsys: Any) -> None:
    given = token(aud="another")
    told = json.dumps(answered(app, given)) + caplog.text + "".join(capsys.readouterr())
    assert given not in told
