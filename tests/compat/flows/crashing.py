"""The process dies in the middle of a task, as if the kernel had killed it."""

import os
import signal

from prefect import Flow, task


@task
def die():
    os.kill(os.getpid(), signal.SIGKILL)


with Flow("crashing") as flow:
    die()
