"""The command `geneft`: reads its arguments, imports only what the asked-for command needs, and reports errors."""

from validation.cli.main import main

__all__ = ["main"]
