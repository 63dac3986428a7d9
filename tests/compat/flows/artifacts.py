"""Creates, changes and deletes artifacts."""

from prefect import Flow, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, update_markdown_artifact
from prefect.backend.artifacts import delete_artifact


@task
def publish():
    create_link_artifact("https://example.org/report")
    draft = create_markdown_artifact("# Draft")
    update_markdown_artifact(draft, "# Final 😀")
    delete_artifact(create_markdown_artifact("to be thrown away"))


with Flow("artifacts") as flow:
    publish()
