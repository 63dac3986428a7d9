"""Started by the flows `parent` and `starter`."""

from prefect import Flow, Parameter, task


@task
def double(n):
    return 2 * n


with Flow("child") as flow:
    double(Parameter("n", default=1))
