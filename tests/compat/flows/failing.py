"""A failure in the middle: the next task is not triggered, a clean-up is, and the run fails."""

from prefect import Flow, task
from prefect.triggers import any_failed


@task
def extract():
    return [1, 0]


@task
def divide(values):
    return values[0] / values[1]


@task
def load(quotient):
    raise AssertionError("must not run")


@task(trigger=any_failed)
def clean_up(quotient):
    pass


with Flow("failing") as flow:
    quotient = divide(extract())
    loaded = load(quotient)
    clean_up(quotient)
    flow.set_reference_tasks([loaded])
