"""Twenty mapped task runs on a pool of threads: their calls reach the server all at once."""

import time

import prefect
from prefect import Flow, task
from prefect.executors import LocalDaskExecutor


@task
def numbers():
    return list(range(20))


@task
def square(n):
    time.sleep(0.05)
    return n * n


@task
def total(squares):
    prefect.context.logger.info("sum %d", sum(squares))


with Flow("dask-threads", executor=LocalDaskExecutor(scheduler="threads", num_workers=8)) as flow:
    total(square.map(numbers()))
