"""The HTTP API described once: tables here, docs/openapi.json made from them, nothing of it at run time."""
