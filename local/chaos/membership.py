"""Whether Braze holds what an audience's last export says, member by member. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from local.chaos.ledger import Fault

Json = dict[str, Any]


def differences(
    name: str, members: Mapping[str, Json], people: Collection[str], held: Mapping[str, Json]
) -> list[Fault]:
    """`held` are the custom attributes of everybody; who is no member must not be flagged as one."""
    flag = f"AIQ_{name}_1"
    found = [
        Fault(f"Audience {name}", user, what, detail)
        for user in sorted(people)
        for what, detail in _off(name, flag, members.get(user), held.get(user, {}))
    ]
    unknown = sorted(members.keys() - set(people))
    return found + [Fault(f"Audience {name}", user, "a member that nobody knows") for user in unknown]


def _off(name: str, flag: str, wished: Json | None, held: Json) -> Iterator[tuple[str, str]]:
    if wished is None:
        if held.get(flag):
            yield "left, and still a member at Braze", ""
        return
    if held.get(flag) is not True:
        yield "a member, and not at Braze", ""
        return
    for column, value in wished.items():
        there = held.get(f"{column}_{name}")
        if there != value:
            yield f"another {column} at Braze", f"{there!r}, not {value!r}"
