"""Sending letters again: claimed, sent to the queue they came from, marked; a failed send frees them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic_core import from_json

Letter = dict[str, Any]


class Letters(Protocol):
    """Claims letters so that no two replays send the same one."""

    def claim(self, letters: Sequence[Letter], owner: str) -> list[Letter]: ...
    def release(self, letters: Sequence[Letter]) -> None: ...
    def mark_replayed(self, letters: Sequence[Letter]) -> list[str]:
        """Those that were sent and could not be marked; they stay claimed for a while."""
        ...

    def bodies(self, letter_ids: Sequence[str]) -> list[str | None]:
        """None for a body that is not kept any more."""
        ...


class Queue(Protocol):
    """Takes bodies and tells which positions it did not take."""

    def offer(
        self, bodies: Sequence[str], *, group: str | None, attributes: Sequence[Mapping[str, str]]
    ) -> Sequence[int]: ...


@dataclass(slots=True)
class Sent:
    """What became of letters: sent, refused by the queue for now, or hopeless (no such queue, no body any more).

    Those that are in none of them were not claimed: replayed before, or in the hands of another replay.
    """

    sent: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    hopeless: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sender:
    """`queues` holds the source queue of each lane."""

    letters: Letters
    queues: Mapping[str, Queue]

    def send(self, letters: Sequence[Letter], owner: str) -> Sent:
        """Take what is free and send it; `owner` finds its own claims again after it was killed."""
        told = Sent()
        claimed = self.letters.claim(letters, owner)
        sent: set[str] = set()
        try:
            bodies = self.letters.bodies([one["id"] for one in claimed])
            pairs = list(zip(claimed, bodies, strict=True))
            able = [(one, body) for one, body in pairs if body is not None and one["queue"] in self.queues]
            for together in _by_queue(able):
                sent |= self._offer(together)
        finally:
            # What was sent was sent, whether or not the table can be told now.
            told.unmarked = self.letters.mark_replayed([one for one in claimed if one["id"] in sent])
            self.letters.release([one for one in claimed if one["id"] not in sent])
        capable = {one["id"] for one, _ in able}
        told.sent = sorted(sent)
        told.refused = [one["id"] for one in claimed if one["id"] in capable - sent]
        told.hopeless = [one["id"] for one in claimed if one["id"] not in capable]
        return told

    def _offer(self, letters: Sequence[tuple[Letter, str]]) -> set[str]:
        first = letters[0][0]
        bodies = [replayable(body, letter["id"]) for letter, body in letters]
        # A group of its own: what is sent again queues behind what the installation sends now.
        group = f"{first['integration_id']}-replay" if first["integration_id"] else None
        named = [{"replay_of": letter["id"], "message_id": letter["message_id"]} for letter, _ in letters]
        unsent = set(self.queues[first["queue"]].offer(bodies, group=group, attributes=named))
        return {letter["id"] for position, (letter, _) in enumerate(letters) if position not in unsent}


def replayable(body: str, letter_id: str) -> str:
    """A delivery message names the letter it is a replay of; any other body goes back as it came."""
    try:
        document = from_json(body, allow_inf_nan=False)
        if isinstance(document, dict) and {"delivery_id", "integration_id", "items"} <= document.keys():
            return json.dumps({**document, "replay_of": letter_id}, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return body
    return body


def _by_queue(letters: Iterable[tuple[Letter, str]]) -> list[list[tuple[Letter, str]]]:
    """Together what goes to one queue for one installation, which is the group that keeps the queue fair."""
    groups: defaultdict[tuple[str, str | None], list[tuple[Letter, str]]] = defaultdict(list)
    for letter, body in letters:
        groups[letter["queue"], letter["integration_id"]].append((letter, body))
    return list(groups.values())
