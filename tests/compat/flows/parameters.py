"""One required parameter, two with defaults; the log says what arrived."""

import json

import prefect
from prefect import Flow, Parameter, task


@task
def echo(name, times, options):
    prefect.context.logger.info("got %s", json.dumps([name, times, options], sort_keys=True))


with Flow("parameters") as flow:
    echo(
        Parameter("name"),
        Parameter("times", default=3),
        Parameter("options", default={"deep": [1, {"x": None}], "text": "ünïcødé 😀"}),
    )
