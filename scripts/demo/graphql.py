"""GraphQL over HTTP with nothing but the standard library: one POST per call, as any language could send it."""

import json
import urllib.request


class GraphQLError(Exception):
    """The server answered with errors."""


def post(url, query, variables=None):
    """Sends one operation and returns its `data`. Raises `GraphQLError` with the server's messages."""
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    if answer.get("errors"):
        raise GraphQLError("; ".join(error["message"] for error in answer["errors"]))
    return answer["data"]


def as_curl(url, query):
    """The same call as a command to copy into a shell."""
    body = json.dumps({"query": query}).replace("'", "'\\''")
    return f"curl -s {url} -H 'Content-Type: application/json' \\\n  -d '{body}'"
