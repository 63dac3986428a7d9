"""How the demo looks on a terminal. Colours only where there is one, and not with NO_COLOR."""

import os
import sys

_COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ
_STATES = {
    "Scheduled": "33", "Submitted": "33", "Running": "34", "Success": "32", "Cached": "36", "Mapped": "36",
    "Retrying": "33", "Failed": "31", "Cancelling": "35", "Cancelled": "35",
}
_LEVELS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "31"}
_RUNS = ["36", "35", "34", "33", "32", "96", "95", "94"]


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if _COLOURED else text


def dim(text):
    return paint("2", text)


def bold(text):
    return paint("1", text)


def state(name):
    return paint(_STATES.get(name, "31"), name)


def level(name, text):
    return paint(_LEVELS[name], text) if name in _LEVELS else text


def tag(index, text):
    """The left-hand column that says which run a line belongs to: one colour per run."""
    return paint(_RUNS[index % len(_RUNS)], f"{text:<18}")


def short(text, width=150):
    return text if len(text) <= width else text[: width - 1] + "…"


def heading(text):
    say()
    say(bold(text))
    say(dim("─" * min(len(text), 100)))


def command(text):
    say(f"{dim('$')} {text}")


def say(text=""):
    print(text, flush=True)


def fail(text):
    say(paint("31", text))
