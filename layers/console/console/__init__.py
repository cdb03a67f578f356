"""The console: server-rendered pages over the documented HTTP API, with the rights of whoever signed in."""
