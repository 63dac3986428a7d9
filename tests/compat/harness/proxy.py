"""A forwarding proxy between the stock client and the server: it records every exchange and can misbehave on purpose.

Its address is known before the server runs, so the library under test can be configured before it is imported.
"""

import http.client
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MUTATION = re.compile(r"^\s*mutation\b")
FIELD = re.compile(r"^[^{]*\{\s*(\w+)")
FORWARD_SECONDS = 60
# Headers of an answer that the client acts on.
PASSED_ON = ("Content-Type", "Retry-After")


@dataclass
class Exchange:
    """One request and its answer. `again` is the answer to the second delivery, when it was delivered twice."""

    document: str
    variables: dict
    headers: dict
    status: int
    answer: dict
    again: dict = None

    @property
    def is_mutation(self):
        return bool(MUTATION.match(self.document))

    @property
    def operation(self):
        """The first root field, which for the stock client is the only one."""
        found = FIELD.match(self.document)
        return found[1] if found else "?"

    @property
    def errors(self):
        return (self.answer or {}).get("errors", [])


class RecordingProxy:
    """`deliver_twice` is None, "in turn" or "at once"; `before_forward` / `after_forward` are called with the operation's name."""

    def __init__(self):
        self.target = None
        self.exchanges = []
        self.deliver_twice = None
        self.before_forward = lambda operation: None
        self.after_forward = lambda operation: None
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def forward_to(self, url):
        self.target = url.removeprefix("http://")
        return self

    def since(self, mark=0):
        with self._lock:
            return self.exchanges[mark:]

    def mark(self):
        with self._lock:
            return len(self.exchanges)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._pool.shutdown(wait=False)

    def _send(self, path, headers, body):
        connection = http.client.HTTPConnection(self.target, timeout=FORWARD_SECONDS)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            passed_on = {name: response.getheader(name) for name in PASSED_ON if response.getheader(name)}
            return response.status, passed_on, response.read()
        finally:
            connection.close()

    def _deliver(self, path, headers, body, is_mutation):
        """The answer that goes back, and the one that was lost on the way when the request was delivered twice."""
        if not (is_mutation and self.deliver_twice):
            return self._send(path, headers, body), None
        if self.deliver_twice == "at once":
            one, other = [self._pool.submit(self._send, path, headers, body) for _ in range(2)]
            return one.result(), other.result()
        lost = self._send(path, headers, body)
        return self._send(path, headers, body), lost

    def _handler(proxy):  # noqa: N805 - the handler class below has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                # Not compressed, so that the answer can be read here.
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "accept-encoding")}
                exchange = Exchange(*_decode(body), headers, 0, None)
                try:
                    proxy.before_forward(exchange.operation)
                    (status, passed_on, answer), lost = proxy._deliver(self.path, headers, body, exchange.is_mutation)
                    proxy.after_forward(exchange.operation)
                except (OSError, http.client.HTTPException):
                    self.close_connection = True  # the client sees what it would without us: a broken connection
                    return
                exchange.status, exchange.answer = status, _json(answer)
                if lost:
                    exchange.again, exchange.answer = exchange.answer, _json(lost[2])
                with proxy._lock:
                    proxy.exchanges.append(exchange)
                try:
                    self.send_response(status)
                    for name, value in passed_on.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # the client left; not our business

            def log_message(self, *_):
                pass

        return Handler


def _decode(body):
    """Document and variables; the stock client sends the latter as JSON text within JSON."""
    payload = _json(body) or {}
    variables = payload.get("variables")
    if isinstance(variables, str):
        variables = _json(variables)
    return payload.get("query", ""), variables or {}


def _json(text):
    try:
        return json.loads(text)
    except ValueError:
        return None
