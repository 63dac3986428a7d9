"""Maps over nested data, maps over the result again, flattens, reduces."""

import prefect
from prefect import Flow, flatten, task, unmapped
from prefect.engine.results import LocalResult


@task
def make_orders():
    return [
        {"id": 1, "lines": [{"article": "rope", "price": 250}, {"article": "tar", "price": 875}]},
        {"id": 2, "lines": []},
        {"id": 3, "lines": [{"article": "ünïcødé 😀", "price": 1}]},
    ]


@task
def lines_of(order):
    return [{**line, "order": order["id"]} for line in order["lines"]]


@task
def add_tax(line, percent):
    return {**line, "price": line["price"] * (100 + percent) // 100}


@task
def total(lines):
    prefect.context.logger.info("total %d of %d lines", sum(line["price"] for line in lines), len(lines))
    return sum(line["price"] for line in lines)


with Flow("mapping", result=LocalResult()) as flow:
    lines = lines_of.map(make_orders())
    total(add_tax.map(flatten(lines), percent=unmapped(10)))
