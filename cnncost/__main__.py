"""`python -m cnncost`: the command line."""

from cnncost.cli import main

main()
