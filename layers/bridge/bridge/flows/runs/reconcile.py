"""The end of a reconcile: what the readers found is counted, told, and perhaps mended by a run of its own."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bridge.flows.runs.commit import Committing
from bridge.flows.runs.comparing import Sessions
from bridge.flows.runs.joiners import NOT_TOLD_APART, Joiners
from bridge.flows.runs.masking import masked
from bridge.flows.runs.readback import NOT_PERMITTED
from bridge.flows.runs.report import outcome
from bridge.flows.runs.runs import Outbox, Parts, Runs, Watch
from mapping.comparison import Drifted
from mapping.export import RunPlan, run_id
from mapping.readback import Kind
from mapping.run import PartResult, Reconciling, Run
from mapping.times import iso

LEASE = 60
DRIFT = "drift.parquet"
_MEMBERSHIP = frozenset({Kind.EXTRA_MEMBER, Kind.NOT_MEMBER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Every step can be taken again: the findings stay, the repair's id follows from the run."""

    runs: Runs
    parts: Parts
    sessions: Sessions
    committing: Committing
    joiners: Joiners
    exports: Outbox
    clock: Callable[[], datetime]

    def end(self, run: Run, owner: str, watch: Watch) -> bool:
        """Write the report, order the repair if it was asked for; False when another worker took the run over."""
        plan = self.committing.plan_of(run)
        results = self.parts.results_there(run.id)
        if run.origin == "joiners":
            return self._joiners(run, owner, plan, results, watch)
        found = self._gathered(run, plan, watch)
        asked = run.reconcile or Reconciling()
        repair = self._repair(run) if asked.repair and found.to_repair and not run.halt else None
        section = _section(run, plan, results, found) | {"repair": repair.id if repair else None}
        told = {name: section[name] for name in ("read", "unknown_to_braze", "drifted", "repair")}
        return self.committing.end(
            run, owner, results, plan=plan, document={"reconcile": section}, told={"reconcile": told}
        )

    def _joiners(
        self, run: Run, owner: str, plan: RunPlan, results: Sequence[PartResult], watch: Watch
    ) -> bool:
        marked = None
        found = Drifted()
        with self.sessions() as session, watch.over(session.interrupt):
            files = self.parts.findings(run.id, session.directory)
            if files:
                found = session.gather(files, session.directory / DRIFT, with_unknown=True)
            if found.unknown:
                marked = self.joiners.mark(run, plan, session)
        read = outcome(results)
        told = {
            "read_back": run.id,
            "of": plan.details["lines"],
            "read": read["accepted"],
            "unknown_to_braze": found.unknown,
            "told_apart": bool(read["accepted"]),
            "why": _why(run, read),
        }
        self.joiners.tell(run, owner, LEASE, told, self.committing)
        return self.committing.end(
            run,
            owner,
            results,
            snapshot=marked,
            plan=plan,
            document={"joiners": told},
            told={"joiners": told},
        )

    def _gathered(self, run: Run, plan: RunPlan, watch: Watch) -> Drifted:
        with self.sessions() as session, watch.over(session.interrupt):
            files = self.parts.findings(run.id, session.directory)
            if not files:
                return Drifted()
            target = session.directory / DRIFT
            # Whom Braze does not know is not created by an update of existing profiles.
            found = session.gather(files, target, with_unknown=not plan.details["update_only"])
            self.parts.put_drift(run.id, target)
            return found

    def _repair(self, run: Run) -> Run:
        """A run that sends what differs; it waits until this one has ended."""
        given = run.model_dump(
            include={"integration_id", "audience_id", "split_id", "export_id", "ordered_by"}
        )
        repair = Run(
            **given,
            id=run_id(f"repair\n{run.id}", ""),
            kind="audience",
            origin="repair",
            based_on=run.id,
            key=f"runs/{run.id}/drift.parquet",
            etag="",
            status="planning",
            created_at=iso(self.clock()),
        )
        kept = self.runs.create(repair)
        self.exports.send([json.dumps({"run_id": kept.id, "step": "resume"})], group=run.integration_id)
        return kept


def _section(run: Run, plan: RunPlan, results: Sequence[PartResult], found: Drifted) -> dict[str, Any]:
    read = outcome(results)
    asked = run.reconcile or Reconciling()
    cells: dict[str, dict[str, int]] = {}
    for (name, kind), count in found.cells.items():
        cells.setdefault(name, {})[kind] = count
    return {
        "snapshot_version": int(plan.old_version or 0),
        "sample": asked.sample if asked.sample is not None else "all",
        "rows": plan.details["rows"],
        "read": read["accepted"],
        "unread": plan.details["lines"] - read["accepted"],
        "unread_by_reason": read["rejected_by_reason"],
        "requests": read["requests"],
        "unknown_to_braze": found.unknown,
        "unknown_examples": [masked(user) for user in found.unknown_samples],
        "drifted": found.people,
        "extra_members": _count(found.cells, Kind.EXTRA_MEMBER),
        "not_members": _count(found.cells, Kind.NOT_MEMBER),
        "attributes": {name: kinds for name, kinds in cells.items() if not _MEMBERSHIP.issuperset(kinds)},
        "examples": [_shown(asdict(sample)) for sample in found.samples],
        "to_repair": found.to_repair,
    }


def _why(run: Run, read: Mapping[str, Any]) -> str:
    if NOT_PERMITTED in read["rejected_by_reason"]:
        return f"the key lacks users.export.ids: {NOT_TOLD_APART}"
    return run.halt.reason if run.halt else ""


def _count(cells: Mapping[tuple[str, str], int], kind: Kind) -> int:
    return sum(count for (_, found), count in cells.items() if found == kind)


def _shown(sample: dict[str, str]) -> dict[str, Any]:
    return {
        "user": masked(sample["user"]),
        "attribute": sample["name"],
        "kind": sample["kind"],
        "expected": json.loads(sample["ours"]),
        "held": json.loads(sample["theirs"]),
    }
