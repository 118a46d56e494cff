"""Provides the vault: personal data kept outside the log, sealed, so that it can be destroyed."""
