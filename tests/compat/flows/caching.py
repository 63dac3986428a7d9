"""A task cached by its inputs, and one cached under a key that another flow shares."""

from datetime import timedelta

import prefect
from prefect import Flow, Parameter, task
from prefect.engine.cache_validators import all_inputs, duration_only
from prefect.engine.results import LocalResult


@task(cache_for=timedelta(hours=1), cache_validator=all_inputs)
def square(x):
    prefect.context.logger.info("computing the square of %s", x)
    return x * x


@task(cache_for=timedelta(hours=1), cache_validator=duration_only, cache_key="shared-table")
def table():
    prefect.context.logger.info("computing the table")
    return {"a": 1}


@task
def report(value, rows):
    prefect.context.logger.info("square %s rows %s", value, rows)


with Flow("caching", result=LocalResult()) as flow:
    report(square(Parameter("x", default=7)), table())
