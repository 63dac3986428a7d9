"""A task that fails once and is tried again by its own process."""

from datetime import timedelta

import prefect
from prefect import Flow, task
from witness import note


@task(max_retries=2, retry_delay=timedelta(seconds=2))
def flaky():
    attempt = prefect.context.task_run_count
    note("task", slug="flaky", attempt=attempt)
    if attempt == 1:
        raise RuntimeError("the first attempt fails, as it should")
    prefect.context.logger.info("attempt %s of %s", attempt, prefect.context.flow_run_id)


with Flow("retrying") as flow:
    flaky()
