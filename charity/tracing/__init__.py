"""Tracing: from a gift to the spending it paid for, and back."""
