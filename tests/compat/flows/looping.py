"""Loops three times with a result carried on."""

import prefect
from prefect import Flow, task
from prefect.engine.signals import LOOP


@task
def collect():
    page = prefect.context.get("task_loop_count", 1)
    found = [*prefect.context.get("task_loop_result", []), page]
    if page < 3:
        raise LOOP(message=f"page {page}", result=found)
    return found


@task
def report(pages):
    prefect.context.logger.info("pages %s", pages)


with Flow("looping") as flow:
    report(collect())
