"""A small web server on this machine that misbehaves as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server has, how it behaves, and what it was asked for."""

    content: bytes
    url: str = ""
    behaviours: list[str] = field(default_factory=list)  # of the next requests; then it behaves
    ranges: list[str] = field(default_factory=list)  # the Range header of every request


@contextmanager
def serve(content: bytes, *behaviours: str) -> Iterator[Site]:
    """Serve ``content`` at every path: "html", "html-as-zip", "503", "404", "cut", "stall", "slow",
    "circle" (a redirect to itself), "nonsense" (a length that is no number) or "whole" (Range
    ignored), a request each, and rightly from then on. "503 120" asks for a pause of 120 s."""
    site = Site(content, behaviours=list(behaviours))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            site.ranges.append(asked)
            behaviour = site.behaviours.pop(0) if site.behaviours else ""
            code, _, pause = behaviour.partition(" ")
            if code.isdigit():
                self.send_response(int(code))
                self.send_header("Retry-After", pause or "0")
                self.end_headers()
                return
            if behaviour == "circle":
                site.behaviours.insert(0, behaviour)
                self.send_response(302)
                self.send_header("Location", self.path)
                self.end_headers()
                return
            start = int(asked[len("bytes=") : -1]) if asked and behaviour != "whole" else 0
            body, kind = site.content[start:], "application/zip"
            if behaviour.startswith("html"):
                body = b"\n<!DOCTYPE html><html>Virus scan warning</html>"
                kind = "text/html" if behaviour == "html" else kind
            self.send_response(206 if start else 200)
            if start:
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            self.send_header("Content-Type", kind)
            length = "many" if behaviour == "nonsense" else str(len(body))
            self.send_header("Content-Length", length)
            self.end_headers()
            if behaviour in ("cut", "stall"):
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                time.sleep(1.0 if behaviour == "stall" else 0)
                self.close_connection = True
                return
            step = 10_000 if behaviour == "slow" else len(body)
            for part in range(0, len(body), step):
                self.wfile.write(body[part : part + step])
                time.sleep(0.05 if behaviour == "slow" else 0)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a client that went away
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/letters.zip"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
