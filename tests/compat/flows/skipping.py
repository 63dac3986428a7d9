"""A task that skips; one follower skips with it, another one runs all the same."""

from prefect import Flow, task
from prefect.engine.signals import SKIP


@task
def nothing_new():
    raise SKIP("nothing new today")


@task
def process(data):
    raise AssertionError("must not run")


@task(skip_on_upstream_skip=False)
def clean_up(data):
    pass


with Flow("skipping") as flow:
    data = nothing_new()
    process(data)
    clean_up(data)
