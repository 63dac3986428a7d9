"""GraphQL with nothing but the standard library: what a test says to the server besides what the library under test says."""

import json
import urllib.error
import urllib.request


class Refused(Exception):
    """The server answered with `errors`."""

    def __init__(self, errors):
        super().__init__("; ".join(error["message"] for error in errors))
        self.errors = errors
        self.code = errors[0].get("extensions", {}).get("code")


def post(url, query, variables=None, key=None, headers=None):
    """One operation; returns `data`, raises `Refused`."""
    answer = post_raw(url, json.dumps({"query": query, "variables": variables or {}}), key, headers)
    if answer.get("errors"):
        raise Refused(answer["errors"])
    return answer["data"]


def post_raw(url, body, key=None, headers=None):
    """One request with this very body; returns the decoded answer, whatever its HTTP status."""
    headers = {"Content-Type": "application/json", **(headers or {})}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, data=body if isinstance(body, bytes) else body.encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as refusal:
        return json.load(refusal)


def mutate(url, name, selection, /, api_key=None, headers=None, **fields):
    """`mutation { name(input: fields) { selection } }`; returns what it selects."""
    query = f"mutation($input: {name}_input!) {{ {name}(input: $input) {{ {selection} }} }}"
    return post(url, query, {"input": fields}, api_key, headers)[name]
