"""No secret is compared in a time that depends on how much of it was guessed."""

import ast
import hmac
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import Problem
from bridge.flows.authorize import check_signature, same_token, signature

ROOT = Path(__file__).parents[3]
SECRET_WORDS = ("token", "secret", "signature", "password", "write_key", "hmac")
KINDS_OF_FIELD = {"'secret'"}
HARMLESS = {"tokens.py: token.id == token_id"}
"""An id, which lists show; a digest is of a body or a file, and a token is looked up by its own."""


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    seen: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def watched(given: Any, expected: Any) -> bool:
        seen.append((given, expected))
        return real(given, expected)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    return seen


def test_a_signature_is_compared_as_a_whole(compared: list[tuple[bytes, bytes]]) -> None:
    right = signature("s", "1000", b"{}").encode()
    for given in (right, right[:-1] + b"!", b"", b"sha256=" + b"0" * 64):
        headers = {"x-timestamp": "1000", "x-signature": given.decode()}
        if given == right:
            check_signature(headers, b"{}", "s", 1000)
        else:
            with pytest.raises(Problem):
                check_signature(headers, b"{}", "s", 1000)
    assert [given for given, _ in compared] == [right, right[:-1] + b"!", b"", b"sha256=" + b"0" * 64]
    assert {expected for _, expected in compared} == {right}


def test_tokens_are_compared_by_their_digests(compared: list[tuple[bytes, bytes]]) -> None:
    assert same_token("right", "right")
    assert not same_token("wrong", "right")
    assert not same_token("", "right")
    assert {len(one) for pair in compared for one in pair} == {64}


def comparisons(path: Path) -> list[str]:
    """Every `==` and `!=` of the file that names something secret."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
            secret = any(word in side.lower() for side in sides for word in SECRET_WORDS)
            if secret and not KINDS_OF_FIELD & set(sides):
                found.append(f"{path.name}: {ast.unparse(node)}")
    return found


def test_no_secret_is_compared_with_an_equals_sign() -> None:
    files = [path for name in ("layers", "functions") for path in (ROOT / name).rglob("*.py")]
    assert {one for path in files for one in comparisons(path)} == HARMLESS
