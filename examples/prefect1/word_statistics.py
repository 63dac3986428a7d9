"""Shows: a mapped task. One task run for each text file, all of them fed into one summary.

You will see: `measure` fan out into as many task runs as there are files in data/texts, and a table of the
texts in the logs, the longest first, with the words that are typical for each.

    prefect register --project Examples -p word_statistics.py
    prefect run --project Examples --name word-statistics --watch
"""

import re
from collections import Counter
from pathlib import Path

import prefect
from prefect import Flow, Parameter, task, unmapped

TEXTS = Path(__file__).resolve().parent / "data" / "texts"
STOP_WORDS = frozenset(
    "a about all an and are as at be been but by for from had has have he her him his i if in into is it its "
    "me more my no nor not now of on one or our out she so than that the their them then there they this to "
    "up upon us was we were what when which who will with would you your".split()
)


@task
def list_texts(folder):
    """The files to read: the list that `measure` is mapped over."""
    paths = sorted(str(path) for path in Path(folder).glob("*.txt"))
    if not paths:
        raise ValueError(f"no .txt file in {folder}")
    return paths


@task(task_run_name="{path}")
def measure(path, top):
    """Word statistics of one text: runs once per file, each with its own state, logs and retries."""
    words = re.findall(r"[a-z]+(?:['’][a-z]+)?", Path(path).read_text(encoding="utf-8").lower())
    typical = Counter(word for word in words if word not in STOP_WORDS and len(word) > 2)
    prefect.context.logger.info("%s: %d words", Path(path).name, len(words))
    return {
        "name": Path(path).stem,
        "words": len(words),
        "vocabulary": len(set(words)),
        "typical": [word for word, _ in typical.most_common(top)],
    }


@task
def summarise(measured):
    """The reduce step: takes the results of all mapped runs as one list."""
    logger = prefect.context.logger
    for text in sorted(measured, key=lambda text: -text["words"]):
        richness = text["vocabulary"] / text["words"]
        logger.info(
            "%-22s %4d words, %3.0f %% of them distinct: %s",
            text["name"], text["words"], 100 * richness, ", ".join(text["typical"]),
        )
    return sum(text["words"] for text in measured)


with Flow("word-statistics") as flow:
    folder = Parameter("folder", default=str(TEXTS))
    top = Parameter("top", default=4)
    summarise(measure.map(list_texts(folder), top=unmapped(top)))


if __name__ == "__main__":
    flow.run()
