"""Registers the flows of `flows/` with the stock library. Each file defines one flow; its storage is the file itself."""

from pathlib import Path

FLOWS = Path(__file__).resolve().parents[1] / "flows"


def load(name):
    """The Flow object of `flows/<name>.py`, with storage that every process on this machine can load."""
    from prefect.storage import Local
    from prefect.utilities.storage import extract_flow_from_file

    path = FLOWS / f"{name}.py"
    flow = extract_flow_from_file(file_path=str(path))
    flow.storage = Local(path=str(path), stored_as_script=True, add_default_labels=False)
    return flow


def register(name, project, label=None, **options):
    """`flow.register(...)`; returns the flow's id."""
    from prefect.run_configs import UniversalRun

    flow = load(name)
    flow.run_config = UniversalRun(labels=[label] if label else [])
    return flow.register(project_name=project, no_url=True, **options)
