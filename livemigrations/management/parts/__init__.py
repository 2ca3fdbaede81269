"""The subcommands of ``migrations``, a module each."""
