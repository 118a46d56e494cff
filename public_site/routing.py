"""Provides the kinds of routes: pages and files that answer GET and HEAD."""

from collections.abc import Callable
from typing import Any

from litestar import HttpMethod, route
from litestar.handlers import HTTPRouteHandler


def page_route(*paths: str, **options: Any) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a function answer GET and HEAD at these paths."""
    return route(
        list(paths),
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        include_in_schema=False,
        **options,
    )
