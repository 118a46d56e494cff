"""Provides the application for tests: made once, lent to one fresh installation after another.

Making it takes longer than most tests do, for each of its routes is looked through.
"""

from collections.abc import Callable
from functools import cache

from litestar import Litestar

from charity.reporting.batches.store import BatchStore
from public_site.app import create_app
from public_site.settings import Settings
from public_site.workplace.jobs import JobRunner, Jobs

MakeJobs = Callable[[BatchStore, Settings], Jobs]


@cache
def _made(jobs: MakeJobs) -> tuple[Litestar, Settings]:
    lent = Settings()
    return create_app(lent, jobs=jobs), lent


def application(settings: Settings, jobs: MakeJobs = JobRunner) -> Litestar:
    """Return the application for these settings; nothing else of this process may have it open."""
    app, lent = _made(jobs)
    lent.__dict__.update(settings.__dict__)
    for name in list(app.state.dict()):
        del app.state[name]
    return app
