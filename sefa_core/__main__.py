"""`python -m sefa_core` is the command `sefa`."""

from sefa_core.cli import main

if __name__ == "__main__":
    main()
