"""Fails until a file exists: somebody mends the cause and restarts the run."""

from pathlib import Path

import prefect
from prefect import Flow, Parameter, task
from prefect.engine.results import LocalResult


@task
def prepare():
    prefect.context.logger.info("preparing")
    return "prepared"


@task
def needs_file(path, prepared):
    return prepared, Path(path).read_text()


@task
def report(result):
    prefect.context.logger.info("%s %s", *result)


with Flow("restartable", result=LocalResult()) as flow:
    report(needs_file(Parameter("path"), prepare()))
