"""The network between the agents and the servers: a proxy that forwards to whichever server answers, and misbehaves on
purpose. Every decision follows from the seed, the operation's name and how often it was seen, so a seed replays them.

What was acknowledged is written down: the client was told "yes", so the database must have it.
"""

import hashlib
import http.client
import json
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIELD = re.compile(r"^[^{]*\{\s*(\w+)")
FORWARD_SECONDS = 60
#: Shares of the requests that are disturbed, while disturbance is on.
SHARES = {"lost on the way": 0.02, "answer lost": 0.03, "delivered twice": 0.05, "late": 0.05, "late duplicate": 0.02}
LONGEST_DELAY = 1.5


class Network:
    """`url` is what clients are told; `servers` are addresses (host:port) that may be tried in turn."""

    def __init__(self, seed):
        self.seed, self.servers, self.disturbing = seed, [], False
        self.disturbed = dict.fromkeys(SHARES, 0)
        self.acknowledged_lines, self.acknowledged_states = [], []
        self.requests = 0
        self._counts, self._turn, self._lock = {}, 0, threading.Lock()
        self._late = ThreadPoolExecutor(max_workers=16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._late.shutdown(wait=False, cancel_futures=True)

    def pass_on(self, path, headers, body):
        """Status, content type and body of the answer; `None` when the client is to see a broken connection."""
        payload = _json(body) or {}
        operation = _operation(payload)
        disturbance, delay = self._decide(operation)
        if disturbance == "lost on the way":
            return None
        if disturbance == "late":
            time.sleep(delay)
        answer = self._send(path, headers, body)
        if disturbance == "delivered twice":
            answer = self._send(path, headers, body)
        if disturbance == "late duplicate":
            self._late.submit(self._send_later, delay, path, headers, body)
        if disturbance == "answer lost" or answer is None:
            return None
        self._note(operation, payload, answer)
        return answer

    def _decide(self, operation):
        with self._lock:
            self.requests += 1
            count = self._counts[operation] = self._counts.get(operation, 0) + 1
            # A held poll is half of all requests and no change; it is disturbed like everything else.
            digest = hashlib.blake2b(f"{self.seed}/{operation}/{count}".encode(), digest_size=8).digest()
            dice = random.Random(digest)
            point = dice.random()
            if not self.disturbing:
                return None, 0
            for kind, share in SHARES.items():
                if point < share:
                    self.disturbed[kind] += 1
                    return kind, dice.uniform(0.05, LONGEST_DELAY)
                point -= share
            return None, 0

    def _send_later(self, delay, path, headers, body):
        time.sleep(delay)
        self._send(path, headers, body)

    def _send(self, path, headers, body):
        """Through any server that takes it. A connection that breaks *after* the request was sent is not tried
        elsewhere: a balancer does not know either whether it was carried out."""
        with self._lock:
            self._turn += 1
            first = self._turn
        for number in range(len(self.servers)):
            target = self.servers[(first + number) % len(self.servers)]
            connection = http.client.HTTPConnection(target, timeout=FORWARD_SECONDS)
            try:
                try:
                    connection.connect()
                except OSError:
                    continue
                connection.request("POST", path, body, headers)
                response = connection.getresponse()
                return response.status, response.getheader("Content-Type", ""), response.read()
            except (OSError, http.client.HTTPException):
                return None
            finally:
                connection.close()
        return None

    def _note(self, operation, payload, answer):
        status, _, body = answer
        if status != 200 or operation not in ("write_run_logs", "set_flow_run_states", "set_task_run_states"):
            return
        told = _json(body) or {}
        if told.get("errors"):
            return
        given = _input(payload)
        with self._lock:
            if operation == "write_run_logs":
                lines = given.get("logs", [])
                # One failure path of the stock client sends a bare object (reference M20).
                lines = [lines] if isinstance(lines, dict) else lines
                self.acknowledged_lines += [(line.get("flow_run_id") or line.get("flowRunId"), line.get("message")) for line in lines]
                return
            answers = told["data"][operation]["states"]
            for state, answered in zip(given.get("states", []), answers):
                if answered.get("status") == "SUCCESS":
                    run = state.get("flow_run_id") or state.get("task_run_id")
                    self.acknowledged_states.append((run, state["state"]["type"]))


def _input(payload):
    variables = payload.get("variables")
    if isinstance(variables, str):
        variables = _json(variables)
    return (variables or {}).get("input") or {}


def _operation(payload):
    found = FIELD.match(payload.get("query") or "")
    return found[1] if found else "?"


def _json(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def _handler(network):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "accept-encoding")}
            answer = network.pass_on(self.path, headers, body)
            if answer is None:
                self.close_connection = True
                return
            status, kind, text = answer
            try:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                pass  # the client left, as clients do

        def log_message(self, *_):
            pass

    return Handler
