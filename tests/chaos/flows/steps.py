"""Some mapped steps, each of which says in the journal that it ran and in the log that it did."""

import time

import prefect
from prefect import Flow, Parameter, task
from witness import note


@task
def plan(steps):
    note("task", slug="plan")
    return list(range(steps))


@task(log_stdout=True)
def step(number, pause):
    note("task", slug="step", index=number)
    time.sleep(pause)
    prefect.context.logger.info("step %s of %s", number, prefect.context.flow_run_id)
    return number


@task
def finish(done):
    note("task", slug="finish")
    prefect.context.logger.info("finished %s", prefect.context.flow_run_id)


with Flow("steps") as flow:
    steps, pause = Parameter("steps", default=3), Parameter("pause", default=0.2)
    finish(step.map(plan(steps), pause=prefect.unmapped(pause)))
