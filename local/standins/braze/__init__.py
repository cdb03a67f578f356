"""A stand-in for Braze's REST API, written from Braze's public documentation (docs/stand-ins.md)."""
