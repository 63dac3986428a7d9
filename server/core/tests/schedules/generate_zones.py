"""Writes zones.json: what the stock library answers around the next changes of the clocks in every zone that has some.

    venv=$(scripts/setup/venv.sh compat-1.4.1 scripts/prefect-requirements.txt tests/compat/requirements.txt)
    $venv/bin/python -O server/core/tests/schedules/generate_zones.py

(-O as in generate.py.) The file is committed; run this again when rules of zones have changed.
"""

import json
import os
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

os.environ["PREFECT__LOGGING__LEVEL"] = "ERROR"

import pendulum
from prefect.schedules import Schedule
from prefect.schedules.clocks import CronClock, IntervalClock
from prefect.serialization.schedule import ScheduleSchema

FROM = datetime(2026, 11, 1, tzinfo=timezone.utc)
CHANGES = 2  # the next ones of each zone: once forward, once back
DAYS = 400
EVENTS = 5


def offset(zone, at):
    return at.astimezone(zone).utcoffset()


def changes(zone):
    """The moments at which the zone's clocks are turned, with the local hour on the clock before it."""
    found, day = [], FROM
    while day < FROM + timedelta(days=DAYS) and len(found) < CHANGES:
        low, high = day, day + timedelta(days=1)
        if offset(zone, low) != offset(zone, high):
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (low, middle) if offset(zone, middle) != offset(zone, low) else (middle, high)
            moment = high.replace(microsecond=0)
            found.append((moment, (moment - timedelta(seconds=1)).astimezone(zone).hour))
        day += timedelta(days=1)
    return found


def clocks(zone, hour):
    """Kinds of clocks that stumble over a change, by name: (clock, hours before the change to ask at)."""
    start = pendulum.datetime(2026, 1, 1, tz=zone)
    night = pendulum.datetime(2026, 1, 1, hour, 30, tz=zone)
    after = (hour + 1) % 24
    return {
        "hourly": (CronClock("0 * * * *", start_date=start), 3),
        "within": (CronClock(f"30 {hour} * * *", start_date=start), 50),
        "behind": (CronClock(f"15 {after} * * *", start_date=start), 50),
        "twice an hour": (CronClock(f"*/30 {hour},{after} * * *", start_date=start), 26),
        "day": (IntervalClock(timedelta(days=1), start_date=night), 50),
        "six hours": (IntervalClock(timedelta(hours=6), start_date=night), 13),
    }


def main():
    cases, errors, zones = [], 0, 0
    for name in sorted(available_timezones()):
        if "/" not in name and name not in ("UTC", "CET", "EET", "MET", "WET", "EST5EDT", "PST8PDT"):
            continue  # aliases of a country
        moments = changes(ZoneInfo(name))
        zones += bool(moments)
        for moment, hour in moments:
            for kind, (clock, hours) in clocks(name, hour).items():
                asked = pendulum.instance(moment - timedelta(hours=hours))
                document = ScheduleSchema().dump(Schedule([clock]))
                try:
                    answered = ScheduleSchema().load(document).next(EVENTS, after=asked)
                except Exception:  # what the library cannot answer is no reference
                    errors += 1
                    continue
                seconds = [int((event - asked).total_seconds()) for event in answered]
                # What the zone's rules say, by the same data: 40 hours around the change.
                hours_around = [moment + timedelta(hours=hour) for hour in (-20, -2, -1, 0, 1, 2, 20)]
                offsets = [int(offset(ZoneInfo(name), at).total_seconds()) // 60 for at in hours_around]
                cases.append([name, kind, document["clocks"][0], int(asked.timestamp()), seconds, int(moment.timestamp()), offsets])
    kinds = {}
    rows = []
    for name, kind, clock, asked, *rest in cases:
        clock = {key: clock[key] for key in ("type", "cron", "interval", "day_or", "start_date") if clock.get(key) is not None}
        rows.append(json.dumps([name, kind, clock, asked, *rest], separators=(",", ":")))
        kinds[kind] = kinds.get(kind, 0) + 1
    library = {package: version(package) for package in ("prefect", "croniter", "pendulum", "tzdata")}
    head = json.dumps({"library": library, "zones": zones})[:-1]
    body = ",\n".join(rows)
    Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("zones.json")).write_text(
        f'{head}, "cases": [\n{body}\n]}}\n'
    )
    print(len(cases), "cases in", zones, "zones;", errors, "without an answer;", kinds)


main()
