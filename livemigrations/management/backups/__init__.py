"""The subcommands of ``backup``, a module each."""
