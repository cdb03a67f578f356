"""The lanes as the template's one table names them."""

import re
from pathlib import Path

from mapping.catalog import entries

TEMPLATE = Path(__file__).resolve().parents[3] / "template.yaml"

_ROW = re.compile(r'"(\w+)":\["\$\{(\w+)Queue\}","\$\{(\w+)DeadLetterQueue\}"\]')

ROWS = _ROW.findall(TEMPLATE.read_text())
LANES = {lane: queue for lane, queue, _ in ROWS}
"""Key of each lane and the prefix of its resources: `actioniq` and `ActionIq`."""

OWN = {"event", "export", "audience"}
"""The lanes that are no integration's."""

INTEGRATIONS = {entry.key: LANES[entry.key] for entry in entries() if entry.key in LANES}
