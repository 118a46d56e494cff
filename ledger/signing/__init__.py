"""Provides keys, signatures, signed notes and checkpoints."""
