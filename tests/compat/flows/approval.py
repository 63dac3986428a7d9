"""Stops before the third step until somebody approves it."""

import prefect
from prefect import Flow, task
from prefect.engine.results import LocalResult
from prefect.triggers import manual_only


@task
def prepare():
    prefect.context.logger.info("preparing")
    return 20


@task
def check(value):
    return value + 1


@task(trigger=manual_only)
def publish(value):
    prefect.context.logger.info("published %d", value * 2)


with Flow("approval", result=LocalResult()) as flow:
    publish(check(prepare()))
