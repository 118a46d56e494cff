"""Organisations: who reports, under which credit code, and the funds it keeps."""
