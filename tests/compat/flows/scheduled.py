"""Two clocks, each with its own parameters."""

from datetime import timedelta

import pendulum
from prefect import Flow, Parameter
from prefect.schedules import Schedule
from prefect.schedules.clocks import CronClock, IntervalClock

schedule = Schedule(
    clocks=[
        IntervalClock(timedelta(hours=1), start_date=pendulum.datetime(2024, 1, 1), parameter_defaults={"who": "hourly"}),
        CronClock("30 * * * *", parameter_defaults={"who": "half past"}),
    ]
)

with Flow("scheduled", schedule=schedule) as flow:
    Parameter("who")()
