"""The command line: one file per command group, which reads arguments, calls what does the work, and prints.

Data goes to stdout, messages to stderr; exit codes are 0, 1 (failed) and 2 (wrong usage). Whatever takes long
to import is imported inside the command that needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import sys

from upwell.errors import UpwellError

__all__ = ["main"]


def main() -> None:
    """The `upwell` command."""
    from upwell.cli.app import app
    from upwell.cli.output import fail

    try:
        app()
    except UpwellError as error:
        fail(error)
        sys.exit(1)
