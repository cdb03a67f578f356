"""Erasures in memory, with the rules of the table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class MemoryJobs:
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    workers: dict[str, str] = field(default_factory=dict)

    def ask(self, job_id: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        if job_id not in self.rows or self.rows[job_id]["status"] == "done":
            self.rows[job_id] = dict(fields)
        return self.rows[job_id]

    def get(self, job_id: str) -> Mapping[str, Any] | None:
        return self.rows.get(job_id)

    def hold(self, job_id: str, owner: str, seconds: int) -> bool:
        if job_id not in self.rows or self.workers.get(job_id, owner) != owner:
            return False
        self.workers[job_id] = owner
        return True

    def save(self, job_id: str, fields: Mapping[str, Any], owner: str) -> bool:
        if self.workers.get(job_id) != owner:
            return False
        self.rows[job_id] = dict(fields)
        return True

    def let_go(self, job_id: str, owner: str) -> None:
        if self.workers.get(job_id) == owner:
            del self.workers[job_id]
