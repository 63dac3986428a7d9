"""Task runs named after their inputs, and a run that renames itself."""

import prefect
from prefect import Flow, task


@task
def regions():
    return ["north", "south"]


@task(task_run_name="import-{region}")
def import_region(region):
    return region


@task
def rename(imported):
    prefect.Client().set_flow_run_name(prefect.context.flow_run_id, f"imported {len(imported)} regions")


with Flow("naming") as flow:
    rename(import_region.map(regions()))
