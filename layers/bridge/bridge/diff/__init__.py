"""The difference between an export and what was committed, computed by DuckDB within bounded memory.

Only `audience_plan` imports this package: DuckDB is in that function's own requirements.
"""

from bridge.diff.session import Session

__all__ = ["Session"]
