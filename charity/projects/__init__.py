"""Campaigns that raise money and projects that spend it."""
