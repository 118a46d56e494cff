"""Harvest: lists that foundations publish at their own address, fetched for approval."""
