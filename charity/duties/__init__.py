"""Duties: what a charity must disclose or report, by when, and by which article."""
