"""A proxy before Airflow that answers 500 where it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx


class Proxy(ThreadingHTTPServer):
    """Hands requests on to an address; a thread of this process."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.refuses_runs = False
        """Answer 500 when a run is to be started, and start none."""
        self.loses_answers = 0
        """Start so many runs, and answer 500 all the same."""
        self.refused = 0
        """How often it has answered 500."""
        self.http = httpx.Client(base_url=target, timeout=60, trust_env=False)


@contextmanager
def proxy_before(target: str) -> Iterator[Proxy]:
    """Return a proxy that ends with the block."""
    with Proxy(target) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
            proxy.http.close()


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def _pass_on(self) -> None:
        proxy = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_start = self.command == "POST" and self.path.endswith("/dagRuns")
        if is_start and proxy.refuses_runs:
            proxy.refused += 1
            self._answer(500, b'{"detail": "Internal Server Error"}')
            return
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() in ("authorization", "content-type", "accept")
        }
        answer = proxy.http.request(self.command, self.path, content=body, headers=headers)
        if is_start and proxy.loses_answers:
            proxy.loses_answers -= 1
            proxy.refused += 1
            self._answer(500, b"")
            return
        self._answer(answer.status_code, answer.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""
