"""The public site and the `charity` command: the two places where the rooms are wired together."""
