"""Shows: cancelling a long run half-way. Many small steps; what is done stays done, nothing new is started.

You will see: one task run after the other succeed until somebody cancels the run; then the run becomes Cancelled,
and so does every step that had not finished.

    prefect register --project Examples -p archive_check.py
    prefect run --project Examples --name archive-check --watch      (Ctrl-C, then answer "y" to cancel it)
"""

import hashlib
import time
from pathlib import Path

import prefect
from prefect import Flow, Parameter, task, unmapped

ARCHIVE = Path(__file__).resolve().parent / "data" / "texts"


@task
def plan(folder, block_size, passes):
    """Cuts every file of the archive into blocks: one step of the check for each block and pass."""
    blocks = [
        {"path": str(path), "offset": offset}
        for path in sorted(Path(folder).glob("*.txt"))
        for offset in range(0, path.stat().st_size, block_size)
    ]
    steps = [{**block, "pass": number} for number in range(1, passes + 1) for block in blocks]
    prefect.context.logger.info("%d blocks, %d passes: %d steps", len(blocks), passes, len(steps))
    return steps


@task
def check(step, block_size, pause):
    """Reads one block and takes its digest, then rests, so that the archive stays usable meanwhile."""
    with open(step["path"], "rb") as archive:
        archive.seek(step["offset"])
        digest = hashlib.sha256(archive.read(block_size)).hexdigest()
    prefect.context.logger.info("pass %d  %s  %s@%d", step["pass"], digest[:12], Path(step["path"]).name, step["offset"])
    time.sleep(pause)
    return f"{step['path']}@{step['offset']}", digest


@task
def compare(digests):
    """A block whose digest changed between two passes is rotten (or somebody is writing to the archive)."""
    known = {}
    rotten = {block for block, digest in digests if known.setdefault(block, digest) != digest}
    if rotten:
        raise ValueError(f"{len(rotten)} blocks changed while they were read: {sorted(rotten)}")
    prefect.context.logger.info("%d blocks are sound", len(known))


with Flow("archive-check") as flow:
    block_size = Parameter("block_size", default=512)
    steps = plan(Parameter("folder", default=str(ARCHIVE)), block_size, Parameter("passes", default=8))
    pause = Parameter("pause", default=0.5)
    compare(check.map(steps, block_size=unmapped(block_size), pause=unmapped(pause)))


if __name__ == "__main__":
    flow.run()
