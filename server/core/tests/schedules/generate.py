"""Writes cases.json: schedules and what the stock library answers for them.

    python3.9 -m venv /tmp/stock
    /tmp/stock/bin/pip install "prefect==1.4.1" "marshmallow<4"
    /tmp/stock/bin/python -O server/core/tests/schedules/generate.py

(-O because CronClock asserts a name that pendulum 3 no longer has, for a type checker only; without it no cron clock answers.)

Every schedule is built with the library, serialized as registration does, loaded back as a server does, and asked for
its next events. The file is committed; run this again only to add cases.
"""
import itertools
import json
import os
import random
from datetime import datetime, time, timedelta, timezone
from importlib.metadata import version
from zoneinfo import ZoneInfo

os.environ["PREFECT__LOGGING__LEVEL"] = "ERROR"

import pendulum
from croniter import croniter
from dateutil import rrule as rr
from prefect.schedules import Schedule, adjustments, clocks, filters
from prefect.serialization.schedule import ScheduleSchema

RANDOM = random.Random(20261122)
ZONES = [
    "UTC",
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Kolkata",
]
CRONS = [
    "0 * * * *", "30 1 * * *", "30 2 * * *", "0 2 * * *", "0 0 * * *", "*/10 * * * *", "*/30 0-22 * * *", "15 1,2,3 * * *",
    "0 9 * * MON-FRI", "0 0 1 * *", "0 12 13 * 5", "0 12 L * *", "59 23 31 12 *", "7/20 */2 * * *", "0 0 * * 7",
    "0 4 15W * *", "0 4 W1 * *", "0 4 * * 5#2", "0 4 * * L5", "0 4 * * 1#1,3#3", "0 4 * * MON#1", "0 0 ? * SAT-SUN",
    "0 0 29 2 *", "0 0 * NOV-FEB/2 *", "0 0 * * FRI-MON", "0 0 * * 5-1/2", "59/15 * * * *", "@daily", "@weekly", "@Monthly", "@midnight",
    "0 0 1-7 * */2", "0 0 */10 * 1", "5,5,10 8-8 * * *", "0 0 25-L * *", "0 0 L,15 * *", "0 6 13 * 5#2", "0 6 15W * 3",
    "0 8 1 */3 *", "30 2 * * 0", "* * * * * */20", "0 0 * * * 30", "0 0 1 1 * 0 2027-2030", "0 0 31 * *", "0 0 30,31 2,4 1",
    "0 9 1-31 * 1", "0 9 1-31 * *", "0 9 * * 0-6", "0 9 13 * 0-6", "0-0/20 * * * *", "0 0 * DEC/3 *", "0 0 * * SUN/2",
]
ODD_CRONS = [
    "", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
    "a * * * *", "-1 * * * *", "1-2-3 * * * *", "? * * * *", "* * ?1 * *", "* * * * 1#6", "* * * * 1#0", "* * * * 1#2,3", "* * 1,15W * *",
    "* * 32W * *", "* * * JAN-DEC SUN", "* * * foo *", "@hourly", "@reboot", "* * * * * 60", "* * * * * * 1969", "* * * * * * 2100",
    "1,,2 * * * *", "* * * * 1,", "*/5,*/7 * * * *", "**/2 * * * *", "1/ * * * *", "1-/2 * * * *", "0 0 L-3 * *", "0 0 LW * *", "0 0 * * 5L",
    "*/99 * * * *", "0 0 * * L", "0 0 L * L", "0 0 * * L7", "0 0 * * L8", "0 0 1W * *", "0 0 W * *", "00 00 01 01 00", "5/* * * * *", "1.5 * * * *",
    "0 0 * * mon,tue", "0 0 * * 1#1,l5", "0 0 1-l * *", "0 0 l-1 * *", "+1 * * * *", "*,1 * * * *", "0 0 *,l * *", "1 2 3 4 5 6 7 8",
]


def transitions(zone, year):
    """Instants at which the zone's offset changes in that year."""
    tz = ZoneInfo(zone)
    at, found = datetime(year, 1, 1, tzinfo=timezone.utc), []
    offset = at.astimezone(tz).utcoffset()
    while at.year == year:
        at += timedelta(minutes=30)
        if at.astimezone(tz).utcoffset() != offset:
            offset = at.astimezone(tz).utcoffset()
            found.append(at)
    return found


CHANGES = {zone: transitions(zone, 2026) for zone in ZONES}


def afters(zone, count):
    """Instants worth asking about: around the changes of the zone, and anywhere."""
    near = [c + timedelta(minutes=m) for c in CHANGES[zone] for m in (-1500, -90, -61, -60, -30, -1, 0, 29, 30, 60, 75, 120)]
    anywhere = [
        datetime(2026, 1, 1, tzinfo=timezone.utc)
        + timedelta(minutes=RANDOM.randrange(60 * 24 * 700), seconds=RANDOM.choice([0, 0, 17]), microseconds=RANDOM.choice([0, 0, 250]))
        for _ in range(count)
    ]
    return RANDOM.sample(near, min(count, len(near))) + anywhere[: max(1, count // 2)]


def dates(zone):
    return RANDOM.choice(
        [
            pendulum.datetime(2025, 6, 1, 9, 30, tz=zone),
            pendulum.datetime(2026, 1, 15, 1, 30, tz=zone),
            pendulum.datetime(2025, 12, 1, 2, 15, tz=zone),
            pendulum.datetime(2026, 2, 3, 0, 0, tz=zone),
            pendulum.datetime(2026, 2, 3, 4, 5, 6, 500000, tz=zone),
        ]
    )


CASES = []


def case(name, schedule, after, n=12):
    document = json.loads(json.dumps(ScheduleSchema().dump(schedule)))
    loaded = ScheduleSchema().load(document)
    answer = {"name": name, "schedule": document, "after": after.astimezone(timezone.utc).isoformat(), "n": n}
    try:
        events = loaded.next(n, after=pendulum.instance(after), return_events=True)
    except Exception as problem:  # what a server running the library would have met
        answer["error"] = type(problem).__name__
        CASES.append(answer)
        return
    answer["expected"] = [e.start_time.astimezone(timezone.utc).isoformat().replace("+00:00", "Z") for e in events]
    if any(e.parameter_defaults or e.labels is not None for e in events):
        answer["carried"] = [[e.parameter_defaults, e.labels] for e in events]
    CASES.append(answer)


def cron_cases():
    for index, cron in enumerate(CRONS):
        for zone in [ZONES[index % len(ZONES)], "America/New_York", "UTC"]:
            for after in afters(zone, 2):
                start = None if zone == "UTC" else dates(zone)
                day_or = RANDOM.choice([None, True, False])
                # Rare days: stay before 2100, where compiled zone tables end their daylight-saving rules.
                n = 8 if "2,4" in cron else 12
                case(f"cron {cron} {zone}", Schedule([clocks.CronClock(cron, start_date=start, day_or=day_or)]), after, n)
    for zone in ZONES[1:]:
        for cron in CRONS[:8] + ["0 0,1,2,3 * * *", "5 2 * * *"]:
            for after in afters(zone, 2)[:2]:
                start = pendulum.datetime(2020, 1, 1, tz=zone)
                case(f"cron {cron} {zone} change", Schedule([clocks.CronClock(cron, start_date=start)]), after)
    bounded = clocks.CronClock("0 * * * *", start_date=pendulum.datetime(2026, 5, 1, 12), end_date=pendulum.datetime(2026, 5, 1, 15))
    for hour in (0, 11, 12, 14, 15, 16):
        case("cron bounded", Schedule([bounded]), pendulum.datetime(2026, 5, 1, hour))
    case("cron thousand", Schedule([clocks.CronClock("* * * * *")], filters=[filters.at_time(time(23, 59))]), pendulum.datetime(2026, 5, 1), 3)


def interval_cases():
    intervals = [
        timedelta(minutes=1), timedelta(minutes=7), timedelta(hours=1), timedelta(hours=5, minutes=30), timedelta(hours=23), timedelta(days=1),
        timedelta(days=1, hours=1), timedelta(days=7), timedelta(days=3, minutes=90), timedelta(minutes=1, microseconds=1), timedelta(seconds=90, milliseconds=250),
    ]
    for interval, zone in itertools.product(intervals, ZONES):
        for after in afters(zone, 2)[:2]:
            case(f"interval {interval} {zone}", Schedule([clocks.IntervalClock(interval, start_date=dates(zone))]), after)
    for interval in intervals:
        case(f"interval {interval} default start", Schedule([clocks.IntervalClock(interval)]), pendulum.datetime(2026, 7, 1, 3, 4, 5))
        start = pendulum.datetime(2026, 10, 31, 1, 30, tz="America/New_York")
        for after in afters("America/New_York", 2):
            case(f"interval {interval} fresh", Schedule([clocks.IntervalClock(interval, start_date=start)]), after)
    whole = clocks.IntervalClock(timedelta(hours=1), start_date=pendulum.datetime(2026, 5, 1), end_date=pendulum.datetime(2026, 5, 1, 3))
    for hour in (-1, 0, 1, 2, 3, 4):
        case("interval bounded", Schedule([whole]), pendulum.datetime(2026, 5, 1).add(hours=hour))


def dates_cases():
    some = [pendulum.datetime(2026, m, 3, 4, 5, tz=z) for m, z in ((5, "UTC"), (3, "America/New_York"), (9, "Asia/Kolkata"), (5, "UTC"))]
    for month in (1, 3, 4, 6, 10):
        case("dates", Schedule([clocks.DatesClock(some)]), pendulum.datetime(2026, month, 3, 4, 5))


def rrule_cases():
    fixed = timezone(timedelta(hours=-5))
    aware = datetime(2026, 1, 5, 9, 30, tzinfo=fixed)
    naive = datetime(2026, 1, 5, 9, 30)
    rules = [
        rr.rrule(rr.DAILY, dtstart=aware),
        rr.rrule(rr.DAILY, interval=3, dtstart=aware, until=datetime(2026, 3, 1, tzinfo=fixed)),
        rr.rrule(rr.WEEKLY, byweekday=(rr.MO, rr.WE), wkst=rr.SU, interval=2, dtstart=aware),
        rr.rrule(rr.MONTHLY, byweekday=rr.FR(-1), dtstart=naive),
        rr.rrule(rr.MONTHLY, byweekday=(rr.MO, rr.TU, rr.WE, rr.TH, rr.FR), bysetpos=-1, dtstart=naive),
        rr.rrule(rr.MONTHLY, bymonthday=(15, -1), dtstart=naive, count=20),
        rr.rrule(rr.MONTHLY, dtstart=datetime(2026, 1, 31, 8)),
        rr.rrule(rr.YEARLY, byyearday=(1, 100, -1), dtstart=naive),
        rr.rrule(rr.YEARLY, byweekno=(20, 53), byweekday=rr.MO, dtstart=naive),
        rr.rrule(rr.YEARLY, bymonth=(3, 11), byweekday=rr.SU(2), dtstart=aware),
        rr.rrule(rr.YEARLY, byweekday=rr.TH(20), dtstart=naive),
        rr.rrule(rr.YEARLY, dtstart=datetime(2024, 2, 29, 12)),
        rr.rrule(rr.HOURLY, interval=5, dtstart=aware),
        rr.rrule(rr.HOURLY, byhour=range(9, 18), byminute=(0, 30), byweekday=range(5), dtstart=naive),
        rr.rrule(rr.MINUTELY, interval=17, dtstart=naive),
        rr.rrule(rr.MINUTELY, interval=45, byhour=(1, 2, 3), dtstart=naive),
        rr.rrule(rr.SECONDLY, interval=100, dtstart=naive),
        rr.rrule(rr.DAILY, bymonth=1, bymonthday=range(1, 32), dtstart=naive),
        rr.rrule(rr.DAILY, byhour=(6, 18), byminute=15, bysecond=(0, 30), dtstart=aware),
        rr.rrule(rr.WEEKLY, bymonthday=13, byweekday=rr.FR, dtstart=naive),
        rr.rrule(rr.DAILY, count=5, dtstart=aware),
        rr.rrule(rr.WEEKLY, dtstart=datetime(2018, 6, 20, 7), interval=3),
        rr.rrule(rr.DAILY, dtstart=pendulum.datetime(2026, 1, 1, 9, tz="America/New_York")),
        rr.rrule(rr.HOURLY, interval=7, byweekday=rr.MO, dtstart=naive),
        rr.rrule(rr.SECONDLY, interval=45, byminute=(0, 30), byhour=9, dtstart=aware),
        rr.rrule(rr.MINUTELY, interval=7, bymonth=3, dtstart=naive, count=3000),
        rr.rrule(rr.HOURLY, interval=5, byminute=(0, 20), bysetpos=-1, dtstart=naive),
        rr.rrule(rr.DAILY, interval=3, byweekday=(rr.MO, rr.FR), dtstart=aware),
        rr.rrule(rr.WEEKLY, interval=2, bymonth=(2, 7), byweekday=(rr.SA, rr.SU), dtstart=naive, count=9),
        rr.rrule(rr.MONTHLY, interval=2, byweekday=(rr.MO(1), rr.FR(-2)), byhour=(8, 20), dtstart=naive),
        rr.rrule(rr.YEARLY, interval=2, bymonth=2, bymonthday=-1, dtstart=aware, until=datetime(2040, 1, 1, tzinfo=fixed)),
        rr.rrule(rr.DAILY, dtstart=naive, until=datetime(2025, 1, 1)),
    ]
    for index, rule in enumerate(rules):
        for after in (datetime(2025, 12, 1, tzinfo=timezone.utc), datetime(2026, 1, 5, 14, 30, tzinfo=timezone.utc), datetime(2026, 7, 1, 0, 0, 1, tzinfo=timezone.utc)):
            case(f"rrule {index}", Schedule([clocks.RRuleClock(rule)]), after)
        start = pendulum.datetime(2026, 2, 2, 9, 30, tz="America/New_York")
        case(f"rrule {index} with start", Schedule([clocks.RRuleClock(rule, start_date=start)]), pendulum.datetime(2026, 1, 1))
    ends = clocks.RRuleClock(rules[0], end_date=pendulum.datetime(2026, 1, 8, 14, 30))
    case("rrule with end", Schedule([ends]), pendulum.datetime(2026, 1, 1))
    group = rr.rruleset()
    group.rrule(rules[0])
    group.rrule(rr.rrule(rr.DAILY, interval=2, dtstart=aware))
    group.rdate(datetime(2026, 1, 6, 12, tzinfo=fixed))
    group.rdate(datetime(2026, 1, 7, 9, 30, tzinfo=fixed))
    group.exdate(datetime(2026, 1, 8, 9, 30, tzinfo=fixed))
    group.exrule(rr.rrule(rr.WEEKLY, byweekday=rr.SU, dtstart=aware))
    for day in (1, 6, 9):
        case("rruleset", Schedule([clocks.RRuleClock(group)]), pendulum.datetime(2026, 1, day))
    case("rruleset of dates", Schedule([clocks.RRuleClock(only_dates())]), pendulum.datetime(2026, 1, 1))


def only_dates():
    group = rr.rruleset()
    for day in (9, 3, 3):
        group.rdate(datetime(2026, 1, day))
    return group


def filter_cases():
    every = lambda zone="UTC", **more: clocks.CronClock("0 * * * *", start_date=pendulum.datetime(2026, 1, 1, tz=zone), **more)
    half = pendulum.datetime(2026, 3, 6, 12, tz="America/New_York")
    table = {
        "weekday": dict(filters=[filters.is_weekday]),
        "weekend": dict(filters=[filters.is_weekend]),
        "month end": dict(filters=[filters.is_month_end]),
        "month start": dict(filters=[filters.is_month_start]),
        "wednesday": dict(filters=[filters.is_day_of_week(2)]),
        "between times": dict(filters=[filters.between_times(time(9), time(17))]),
        "over midnight": dict(filters=[filters.between_times(time(22), time(2))]),
        "at time": dict(filters=[filters.at_time(time(4))]),
        "on date": dict(filters=[filters.on_date(3, 8)]),
        "between dates": dict(filters=[filters.between_dates(3, 7, 3, 8)]),
        "over new year": dict(filters=[filters.between_dates(11, 1, 1, 2), filters.is_day_of_week(6)]),
        "on datetime": dict(filters=[filters.on_datetime(half.add(hours=5))]),
        "between datetimes": dict(filters=[filters.between_datetimes(half, half.add(hours=2))]),
        "or": dict(or_filters=[filters.at_time(time(9)), filters.at_time(time(17))], filters=[filters.is_weekday]),
        "not": dict(not_filters=[filters.is_weekend, filters.between_times(time(0), time(20))]),
        "add": dict(adjustments=[adjustments.add(timedelta(hours=25, seconds=1.5))]),
        "next weekday": dict(filters=[filters.at_time(time(2)), filters.is_weekend], adjustments=[adjustments.next_weekday]),
        "both": dict(filters=[filters.at_time(time(1, 0))], adjustments=[adjustments.add(timedelta(days=1, minutes=30)), adjustments.next_weekday]),
    }
    for name, parts in table.items():
        for zone in ("UTC", "America/New_York", "Asia/Kolkata"):
            case(f"filter {name} {zone}", Schedule([every(zone)], **parts), pendulum.datetime(2026, 3, 6, 12, 30))


def merged_cases():
    cron = clocks.CronClock("0 */2 * * *", parameter_defaults={"a": 1})
    same = clocks.CronClock("0 */2 * * *", parameter_defaults={"a": 1})
    other = clocks.IntervalClock(timedelta(hours=3), parameter_defaults={"a": 2}, labels=["x"])
    plain = clocks.IntervalClock(timedelta(hours=3))
    days = clocks.DatesClock([pendulum.datetime(2026, 5, 1, 12), pendulum.datetime(2026, 5, 1, 13)], labels=[])
    for index, group in enumerate(([cron, same], [cron, other], [plain, plain], [plain, days], [days, cron, plain])):
        case(f"merged {index}", Schedule(group), pendulum.datetime(2026, 5, 1, 10))
        case(f"merged {index} filtered", Schedule(group, filters=[filters.is_weekday]), pendulum.datetime(2026, 5, 1, 22))


cron_cases()
interval_cases()
dates_cases()
rrule_cases()
filter_cases()
merged_cases()
document = {
    "library": {name: version(name) for name in ("prefect", "croniter", "pendulum", "python-dateutil", "pytz", "tzdata")},
    "cron_accepted": {cron: croniter.is_valid(cron) for cron in CRONS + ODD_CRONS},
    "cases": CASES,
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.json")
path = os.environ.get("CASES_FILE", path)
with open(path, "w") as file:
    head = json.dumps({k: v for k, v in document.items() if k != "cases"}, indent=1)[:-2]
    rows = ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES)
    file.write(f'{head},\n "cases": [\n{rows}\n]}}\n')
print(len(CASES), "cases;", sum("error" in c for c in CASES), "of them end in an error of the library")
