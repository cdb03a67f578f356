"""The command line of Signal Bridge: it speaks to the HTTP API, and to S3 with its caller's credentials."""

VERSION = "0.1.0"
