"""Small steps one after the other, each with a log line: something to cancel or to be interrupted in."""

import time

import prefect
from prefect import Flow, Parameter, task, unmapped


@task
def plan(steps):
    return list(range(steps))


@task
def step(number, pause):
    prefect.context.logger.info("step %d", number)
    time.sleep(pause)
    return number


@task
def finish(done):
    prefect.context.logger.info("all %d steps", len(done))


with Flow("slow-steps") as flow:
    pause = Parameter("pause", default=0.2)
    finish(step.map(plan(Parameter("steps", default=10)), pause=unmapped(pause)))
