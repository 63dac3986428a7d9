"""One element of a mapped task fails until a file exists; what is mapped over it and the sum depend on it."""

from pathlib import Path

import prefect
from prefect import Flow, Parameter, task, unmapped
from prefect.engine.results import LocalResult


@task
def numbers():
    return [1, 2, 3]


@task
def double(number, path):
    if number == 2:
        Path(path).read_text()
    return number * 2


@task
def add_one(number):
    return number + 1


@task
def total(values):
    prefect.context.logger.info("total %d", sum(values))


with Flow("mapped-failure", result=LocalResult()) as flow:
    total(add_one.map(double.map(numbers(), unmapped(Parameter("path")))))
