"""Another flow with the cache key of `caching`: it takes what that one computed."""

from datetime import timedelta

import prefect
from prefect import Flow, task
from prefect.engine.cache_validators import duration_only
from prefect.engine.results import LocalResult


@task(cache_for=timedelta(hours=1), cache_validator=duration_only, cache_key="shared-table")
def another_table():
    return {"b": 2}


@task
def report(rows):
    prefect.context.logger.info("rows %s", rows)


with Flow("caching-elsewhere", result=LocalResult()) as flow:
    report(another_table())
