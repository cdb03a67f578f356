"""A stand-in for ActionIQ's ingestion API as this project assumes it (docs/stand-ins.md)."""
