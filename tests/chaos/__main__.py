"""`make chaos MINUTES=n`: real servers, agents and flows under faults; then the account is checked.

    python tests/chaos --minutes 1 --set-up sqlite [--seed 7] [--keep]

Exit code 0 when nothing was violated. The seed is printed first; the same seed strikes the same faults at the same times.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "compat")]


def main():
    options = arguments()
    seed = options.seed if options.seed is not None else int(time.time()) % 100_000
    print(f"seed {seed}, {options.set_up}, {options.minutes:g} minutes", flush=True)
    home = Path(tempfile.mkdtemp(prefix="signalbox-chaos-"))

    from harness import stock
    from proxy import Network

    network = Network(seed)
    os.environ.update(stock.settings(network.url, home))
    os.environ["PYTHONPATH"] = str(HERE / "flows")
    sys.path.insert(0, str(HERE / "flows"))

    from campaign import Campaign
    from invariants import violations
    from set_up import SET_UPS

    set_up = SET_UPS[options.set_up](home)
    campaign = Campaign(set_up, network, home, seed)
    try:
        account = campaign.run(options.minutes * 60)
    finally:
        set_up.stop()
        network.close()
    found = violations(account) + [f"the server panicked: {line}" for server in set_up.servers for line in server.panics()]
    report(campaign, account)
    for violation in found:
        print(f"VIOLATED {violation}")
    if found or options.keep:
        (home / "account.json").write_text(json.dumps(asdict(account), default=str, indent=1))
        print(f"everything that was written is in {home}; seed {seed}")
    else:
        shutil.rmtree(home, ignore_errors=True)
    print("violated" if found else "nothing was violated")
    sys.exit(1 if found else 0)


def report(campaign, account):
    """How much happened: a campaign in which nothing happened proves nothing."""
    faults = campaign.took_effect
    print(f"{sum(faults.values())} faults: {', '.join(f'{count} × {kind}' for kind, count in sorted(faults.items()))}")
    disturbed = campaign.network.disturbed
    print(f"{sum(disturbed.values())} of {campaign.network.requests} requests disturbed: {disturbed}")
    processes = sum(note["kind"] == "process" for note in account.notes)
    print(
        f"{len(account.runs)} runs, {processes} processes, {sum(map(len, account.lines.values()))} log lines, "
        f"{len(account.events)} events, {sum(map(len, account.ticking.values()))} slots of schedules, {len(account.cancelled)} cancelled"
    )


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--set-up", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep", action="store_true", help="keep the folder although nothing was violated")
    return parser.parse_args()


main()
