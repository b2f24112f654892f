"""`python -m filed` is `filed`."""

import sys

from filed.cli import main

if __name__ == "__main__":
    sys.exit(main())
