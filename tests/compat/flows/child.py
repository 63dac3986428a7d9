"""Started by the flows `parent` and `starter`."""

from prefect import Flow, Parameter, task
from prefect.engine.results import LocalResult


@task
def double(n):
    return 2 * n


with Flow("child", result=LocalResult()) as flow:
    double(Parameter("n", default=1))
