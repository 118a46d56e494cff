"""The workplace: pages for people who report, approve, supervise; only for those signed in."""
