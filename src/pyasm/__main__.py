"""`python -m pyasm`: the command line."""

from pyasm.cli import main

if __name__ == "__main__":
    main()
