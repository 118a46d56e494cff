"""Provides the record of faults: what broke and where, without words that may name somebody."""

import logging
import traceback


def log_fault(logger: logging.Logger, doing: str, error: BaseException) -> None:
    """Log that something failed, by the sorts and places of its errors.

    Their words are left out: those of databases and of checkers of data repeat the values that they
    were given, names among them.

    Args:
        logger: of the module that noticed it.
        doing: what was being done, such as method and path.
        error: what was raised; what led to it is told, too.
    """
    logger.error("%s failed\n%s", doing, "\n".join(_told(error)))


def _told(error: BaseException) -> list[str]:
    """Return sort and places of an error and of those that led to it, the last first."""
    lines, seen = [], set[int]()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        lines.append(f"{type(each).__name__}:\n{''.join(traceback.format_tb(each.__traceback__))}")
        each = each.__cause__ or each.__context__
    return lines
