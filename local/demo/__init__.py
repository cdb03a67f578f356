"""The demonstration: real customers through the whole bundle, then checked against the log they came from."""
