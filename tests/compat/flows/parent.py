"""Starts a run of `child`, waits for it, and fetches a task's result."""

import prefect
from prefect import Flow, Parameter, task
from prefect.tasks.prefect import create_flow_run, get_task_run_result, wait_for_flow_run


@task
def report(result):
    prefect.context.logger.info("the child returned %s", result)


with Flow("parent") as flow:
    project = Parameter("project")
    child = create_flow_run(flow_name="child", project_name=project, parameters={"n": 21}, run_name="the-child")
    finished = wait_for_flow_run(child, raise_final_state=True, stream_logs=True)
    result = get_task_run_result(child, "double-1", poll_time=1)
    result.set_upstream(finished)
    report(result)
