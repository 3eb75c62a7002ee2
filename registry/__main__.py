"""`python -m registry`: the command line."""

from registry.cli.main import main

main()
