"""What the server has stored, read behind its back: the strictest answer to "did anything change?"."""

import re
import uuid

# These say when somebody was last heard of: a repeated call is a call.
VOLATILE = {"last_queried", "last_used", "last_used_at", "heartbeat", "last_seen", "renewed_at"}

# The counter of the places of log lines goes on when lines come again; only the lines that are new take one.
COUNTERS = {"log_position"}


def tables(backing):
    """Every row of every table, as comparable text; columns of `VOLATILE` left out."""
    content = {}
    for name, row in backing.rows():
        if name in COUNTERS:
            continue
        row = "|".join(f"{column}={_readable(value)!r}" for column, value in row.items() if column not in VOLATILE)
        content.setdefault(name, []).append(row)
    return {name: sorted(rows) for name, rows in content.items()}


def _readable(value):
    """SQLite stores ids as 16 bytes."""
    return str(uuid.UUID(bytes=value)) if isinstance(value, bytes) and len(value) == 16 else value


def difference(before, after):
    """The rows that came and went, by table; empty when nothing changed."""
    changed = {}
    for name in before.keys() | after.keys():
        gone = sorted(set(before.get(name, [])) - set(after.get(name, [])))
        came = sorted(set(after.get(name, [])) - set(before.get(name, [])))
        if gone or came or len(before.get(name, [])) != len(after.get(name, [])):
            changed[name] = {"gone": gone, "came": came}
    return changed


def normalise(text):
    """Log and state messages without what differs from run to run: ids, numbers, times."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "<id>", text or "")
    return re.sub(r"\d+", "<n>", text)
