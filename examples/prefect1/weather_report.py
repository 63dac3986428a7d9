"""Shows: parameters and a schedule. The same flow for several stations, each on its own clock.

You will see: as soon as it is registered, the next runs stand in the list: every hour for the harbour, on weekday
mornings (Berlin time, also across the change to summer time) for the mountain, each with its parameters.

    prefect register --project Examples -p weather_report.py
    prefect run --project Examples --name weather-report --param station=harbour --watch
"""

import csv
from datetime import timedelta
from pathlib import Path
from statistics import mean

import pendulum
import prefect
from prefect import Flow, Parameter, task
from prefect.schedules import Schedule
from prefect.schedules.clocks import CronClock, IntervalClock

OBSERVATIONS = Path(__file__).resolve().parent / "data" / "weather" / "observations.csv"

schedule = Schedule(
    clocks=[
        IntervalClock(
            interval=timedelta(hours=1),
            start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
            parameter_defaults={"station": "harbour", "unit": "celsius"},
        ),
        CronClock(
            "30 6 * * 1-5",
            start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"),
            parameter_defaults={"station": "mountain", "unit": "kelvin"},
        ),
    ]
)


@task
def read_observations(path, station):
    """The station's observations; an unknown station fails the run and names those there are."""
    with open(path, newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    chosen = [row for row in rows if row["station"] == station]
    if not chosen:
        raise ValueError(f"no station {station!r}; there are {sorted({row['station'] for row in rows})}")
    return chosen


@task
def summarise(observations, unit):
    offset = {"celsius": 0.0, "kelvin": 273.15}[unit]
    temperatures = [float(row["temperature"]) + offset for row in observations]
    rain = sum(float(row["rain"]) for row in observations)
    return {
        "days": len(observations), "rain": rain,
        "low": min(temperatures), "mean": mean(temperatures), "high": max(temperatures),
    }


@task
def publish(station, unit, summary):
    prefect.context.logger.info(
        "%s, %d days: %.1f to %.1f %s (mean %.1f), %.1f mm of rain",
        station, summary["days"], summary["low"], summary["high"], unit, summary["mean"], summary["rain"],
    )
    return summary


with Flow("weather-report", schedule=schedule) as flow:
    station = Parameter("station")
    unit = Parameter("unit", default="celsius")
    observations = read_observations(Parameter("observations", default=str(OBSERVATIONS)), station)
    publish(station, unit, summarise(observations, unit))


if __name__ == "__main__":
    flow.run(run_on_schedule=False, parameters={"station": "harbour"})
