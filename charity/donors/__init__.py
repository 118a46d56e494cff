"""Donors: what may be shown of a name, and which names are organisations."""
