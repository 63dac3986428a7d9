"""What the server has stored, read from its SQLite file behind its back: the strictest answer to "did anything change?"."""

import re
import sqlite3
import uuid
from contextlib import closing

# These say when somebody was last heard of: a repeated call is a call.
VOLATILE = {"last_queried", "last_used", "last_used_at", "heartbeat", "last_seen", "renewed_at"}


def tables(database):
    """Every row of every table, as comparable text; columns of `VOLATILE` left out."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [
            name for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        content = {}
        for name in names:
            cursor = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - names come from the file itself
            columns = [column for column, *_ in cursor.description]
            content[name] = sorted(
                "|".join(f"{column}={_readable(value)!r}" for column, value in zip(columns, row) if column not in VOLATILE)
                for row in cursor
            )
        return content


def _readable(value):
    """Ids are stored as 16 bytes."""
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
