"""A stand-in for a webhook's receiver: it keeps what it is sent."""
