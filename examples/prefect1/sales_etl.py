"""Shows: extract, transform, load over real files, with an artifact as the result.

You will see: three shops' CSV files read in parallel, rows that make no sense rejected with a reason, the rest
loaded into a SQLite file in one transaction, and a table of the turnover by shop as a markdown artifact.

    prefect register --project Examples -p sales_etl.py
    prefect run --project Examples --name sales-etl --watch
"""

import csv
import sqlite3
import tempfile
from contextlib import closing
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import prefect
from prefect import Flow, Parameter, flatten, task
from prefect.artifacts import create_markdown_artifact

SALES = Path(__file__).resolve().parent / "data" / "sales"
DATABASE = Path(tempfile.gettempdir()) / "signalbox-examples" / "sales.db"


@task
def list_files(folder):
    return sorted(str(path) for path in Path(folder).glob("*.csv"))


@task
def extract(path):
    """The rows of one file as they are, each with the name of its shop (the file's name)."""
    with open(path, newline="", encoding="utf-8") as lines:
        rows = [{**row, "shop": Path(path).stem} for row in csv.DictReader(lines)]
    prefect.context.logger.info("%s: %d rows", Path(path).name, len(rows))
    return rows


@task(nout=2)
def transform(rows):
    """Splits the rows into sales (typed, money in cents) and rejects (with the reason)."""
    sales, rejects = [], []
    for row in rows:
        try:
            quantity = int(row["quantity"])
            cents = int(Decimal(row["price"]) * 100)
            day = date.fromisoformat(row["day"]).isoformat()
        except InvalidOperation:
            rejects.append((row["shop"], row["receipt"], f"price is {row['price']!r}"))
            continue
        except ValueError as problem:
            rejects.append((row["shop"], row["receipt"], str(problem)))
            continue
        if quantity <= 0:
            rejects.append((row["shop"], row["receipt"], f"quantity is {quantity}"))
            continue
        sales.append((row["shop"], row["receipt"], day, row["article"].strip().lower(), quantity, cents))
    for shop, receipt, reason in rejects:
        prefect.context.logger.warning("rejected %s/%s: %s", shop, receipt, reason)
    return sales, rejects


@task
def load(database, sales, rejects):
    """Writes everything in one transaction. A receipt is written once, however often the flow runs."""
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS sale (shop TEXT, receipt TEXT, day TEXT, article TEXT, "
            "quantity INTEGER, cents INTEGER, PRIMARY KEY (shop, receipt))"
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS reject (shop TEXT, receipt TEXT, reason TEXT, PRIMARY KEY (shop, receipt))"
        )
        connection.executemany("INSERT OR REPLACE INTO sale VALUES (?, ?, ?, ?, ?, ?)", sales)
        connection.executemany("INSERT OR REPLACE INTO reject VALUES (?, ?, ?)", rejects)
    prefect.context.logger.info("%d sales and %d rejects are in %s", len(sales), len(rejects), database)
    return database


@task
def report(database):
    """Turnover by shop, from the database (not from memory: this is what was really stored)."""
    with closing(sqlite3.connect(database)) as connection:
        totals = connection.execute(
            "SELECT shop, count(*), sum(quantity * cents) FROM sale GROUP BY shop ORDER BY 3 DESC"
        ).fetchall()
    lines = ["| shop | receipts | turnover |", "|---|---:|---:|"]
    for shop, receipts, cents in totals:
        prefect.context.logger.info("%-10s %3d receipts %10.2f", shop, receipts, cents / 100)
        lines.append(f"| {shop} | {receipts} | {cents / 100:.2f} |")
    create_markdown_artifact("\n".join(lines))
    return totals


with Flow("sales-etl") as flow:
    folder = Parameter("folder", default=str(SALES))
    database = Parameter("database", default=str(DATABASE))
    rows = extract.map(list_files(folder))
    sales, rejects = transform(flatten(rows))
    report(load(database, sales, rejects))


if __name__ == "__main__":
    flow.run()
