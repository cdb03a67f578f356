"""`python -m bridge_cli`."""

from bridge_cli.main import main

main()
