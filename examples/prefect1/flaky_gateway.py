"""Shows: retries. A payment gateway turns the first two attempts away; the third goes through.

You will see: `submit` go Running, Retrying, Running, Retrying, Running, Success, with the reason of each failure
in the logs, while the task before it ran only once.

    prefect register --project Examples -p flaky_gateway.py
    prefect run --project Examples --name flaky-gateway --watch
"""

import csv
import hashlib
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import prefect
from prefect import Flow, Parameter, task

INVOICES = Path(__file__).resolve().parent / "data" / "invoices.csv"
GATEWAY = Path(tempfile.gettempdir()) / "signalbox-examples" / "gateway"


class Gateway:
    """Stands in for somebody else's unreliable service: refuses the first `refusals` calls for a batch.

    The calls are counted in a file, one for each batch, so it behaves the same on every run and across processes.
    """

    def __init__(self, folder, refusals):
        self.folder, self.refusals = Path(folder), refusals

    def submit(self, batch, invoices):
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{batch}.calls").open("a+", encoding="utf-8") as calls:
            calls.seek(0)
            call = len(calls.readlines()) + 1
            calls.write(f"{len(invoices)} invoices\n")
        if call <= self.refusals:
            raise ConnectionError(f"503 from the gateway (call {call}): busy, come back later")
        return hashlib.sha256(repr(invoices).encode()).hexdigest()[:12]


@task
def read_invoices(path):
    with open(path, newline="", encoding="utf-8") as lines:
        invoices = [(row["invoice"], row["customer"], Decimal(row["amount"])) for row in csv.DictReader(lines)]
    prefect.context.logger.info("%d invoices over %s", len(invoices), sum(amount for *_, amount in invoices))
    return invoices


@task(max_retries=3, retry_delay=timedelta(seconds=1))
def submit(invoices, gateway, refusals):
    """Fails as often as the gateway says no; Prefect tries again, up to three times, a second apart."""
    batch = prefect.context.get("flow_run_id", "local")
    receipt = Gateway(gateway, refusals).submit(batch, invoices)
    prefect.context.logger.info("accepted on attempt %s", prefect.context.get("task_run_count"))
    return receipt


@task
def confirm(receipt, invoices):
    prefect.context.logger.info("the gateway took %d invoices, receipt %s", len(invoices), receipt)


with Flow("flaky-gateway") as flow:
    gateway = Parameter("gateway", default=str(GATEWAY))
    refusals = Parameter("refusals", default=2)
    invoices = read_invoices(Parameter("invoices", default=str(INVOICES)))
    confirm(submit(invoices, gateway, refusals), invoices)


if __name__ == "__main__":
    flow.run()
