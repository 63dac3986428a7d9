"""Maps a tagged task in threads: without a limit, all of it runs at once."""

import time

from prefect import Flow, task
from prefect.executors import LocalDaskExecutor


@task
def numbers():
    return list(range(6))


@task(tags=["narrow"])
def pass_through(number):
    time.sleep(0.5)
    return number


with Flow("tagged", executor=LocalDaskExecutor(scheduler="threads", num_workers=6)) as flow:
    pass_through.map(numbers())
