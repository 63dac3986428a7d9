"""The older way to start a run of `child` and wait for it."""

from datetime import timedelta

from prefect import Flow, Parameter
from prefect.tasks.prefect import StartFlowRun

with Flow("starter") as flow:
    StartFlowRun(flow_name="child", wait=True, parameters={"n": 4}, poll_interval=timedelta(seconds=3))(
        project_name=Parameter("project")
    )
