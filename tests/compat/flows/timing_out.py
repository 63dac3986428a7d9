"""A task that takes longer than it may."""

import time

from prefect import Flow, task


@task(timeout=1)
def slow():
    time.sleep(20)


with Flow("timing-out") as flow:
    slow()
