"""A report of a run with something of everything."""

from typing import Any

REPORT: dict[str, Any] = {
    "id": "run_1",
    "kind": "audience",
    "integration_id": "int_1",
    "audience_id": "a1",
    "split_id": "1",
    "campaign_id": None,
    "export_id": "e1",
    "status": "done",
    "reason": "",
    "detail": "",
    "exported_at": "2026-11-22T06:00:00.000Z",
    "ended_at": "2026-11-22T06:01:00.000Z",
    "seconds": 60.0,
    "exported": 1_234_567,
    "valid": 1_234_000,
    "duplicates": 500,
    "members": 1_200_000,
    "joined": 20_000,
    "left": 3_000,
    "changed": 1_000,
    "attributes_changed": {"city": 700},
    "requests": 320,
    "data_points": 24_700,
    "full_resend_data_points": 5_000_000,
    "sent": {
        "lines": 24_000,
        "accepted": 23_990,
        "rejected": 10,
        "held": 0,
        "undelivered": 0,
        "rejected_by_reason": {"EXTERNAL_USER_ID_TOO_LARGE": 10},
    },
    "rejected_rows_by_reason": {"empty_identifier": 67},
    "rejected_values_by_reason": {"invalid_value:n": 8},
    "rejected_rows": [{"part": "p.csv", "row": 3, "reason": "empty_identifier", "user": "cu•••42"}],
    "rejected_values": [],
    "waited_for": [{"code": "removes_many", "detail": "35% of the audience would leave", "count": 9}],
    "approved_by": "Ann",
    "warnings": ["City and city look alike"],
    "parts": [
        {
            "part": 1,
            "rows": 7_500,
            "accepted": 7_500,
            "rejected": {},
            "held": "",
            "requests": 100,
            "ended": "sent",
            "started_at": "2026-11-22T06:00:10.000Z",
            "ended_at": "2026-11-22T06:00:20.000Z",
        }
    ],
    "history": [
        {
            "id": f"run_{n}",
            "status": "done",
            "created_at": f"2026-11-{n:02d}T06:00:00.000Z",
            "joined": n * 10,
            "left": n,
            "members": 100,
        }
        for n in range(1, 4)
    ],
}
