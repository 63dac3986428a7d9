"""Shows: a cached task. The slow step is computed once; the next run takes its result from the cache.

You will see: `fingerprint` take a few seconds in the first run and end as Cached at once in the second, because
nothing it depends on has changed. Edit a file in data/texts, or pass another `hashes`, and it is computed again.

    prefect register --project Examples -p similar_texts.py
    prefect run --project Examples --name similar-texts --watch      (twice)
"""

import re
from datetime import timedelta
from hashlib import blake2b, sha256
from itertools import combinations
from pathlib import Path

import prefect
from prefect import Flow, Parameter, task
from prefect.engine.cache_validators import all_inputs
from prefect.engine.results import LocalResult

TEXTS = Path(__file__).resolve().parent / "data" / "texts"


@task
def content_of(folder):
    """A digest of all texts: it changes when a file does, and so is what the cache goes by."""
    digest = sha256()
    for path in sorted(Path(folder).glob("*.txt")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@task(cache_for=timedelta(hours=1), cache_validator=all_inputs)
def fingerprint(folder, content, hashes):
    """MinHash signatures of all texts: for each of `hashes` hash functions, the least value of any word.

    `content` is not used: it is here so that the cache notices changed files (`all_inputs` compares the inputs).
    """
    prefect.context.logger.info("computing %d hash functions over %s (content %.8s)", hashes, folder, content)
    signatures = {}
    for path in sorted(Path(folder).glob("*.txt")):
        words = {word.encode() for word in re.findall(r"[a-z]{4,}", path.read_text(encoding="utf-8").lower())}
        signatures[path.stem] = [
            min(blake2b(word, digest_size=8, salt=seed.to_bytes(16, "big")).digest() for word in words)
            for seed in range(hashes)
        ]
    return signatures


@task
def report(signatures):
    """The three most similar pairs: the share of equal values estimates the share of common words."""
    pairs = [
        (sum(a == b for a, b in zip(signatures[one], signatures[other])) / len(signatures[one]), one, other)
        for one, other in combinations(sorted(signatures), 2)
    ]
    for similarity, one, other in sorted(pairs, reverse=True)[:3]:
        prefect.context.logger.info("%4.1f %%  %s and %s", 100 * similarity, one, other)
    return max(pairs)


# The cache remembers where a result is; so results have to be somewhere: here in files under ~/.prefect/results.
with Flow("similar-texts", result=LocalResult()) as flow:
    folder = Parameter("folder", default=str(TEXTS))
    hashes = Parameter("hashes", default=3000)
    report(fingerprint(folder, content_of(folder), hashes))


if __name__ == "__main__":
    flow.run()
