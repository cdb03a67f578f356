"""Brings the real template up on this machine, on an AWS emulator and with the two vendors' stand-ins."""
