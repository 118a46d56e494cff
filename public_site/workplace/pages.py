"""Provides all routes of the workplace, each module's in its turn."""

from public_site.workplace import overview

ROUTES = (*overview.ROUTES,)
