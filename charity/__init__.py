"""Charities and what they report: organisations, donors, funds, projects, donation lists."""
