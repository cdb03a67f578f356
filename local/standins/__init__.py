"""Stand-ins for the two vendors, each a program of its own; docs/stand-ins.md says what they imitate."""
