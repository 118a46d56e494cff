"""Provides the `charity` command as a module: python -m public_site.commands."""

from public_site.commands import main

main()
