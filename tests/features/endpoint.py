"""An endpoint on loopback that speaks OpenAI's protocol and answers as it is told."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

RECIPE = {
    "target_table": "other",
    "entity_grain": ["other"],
    "label": {"column": "other"},
    "features": [
        {
            "name": "Orders before",
            "expression": "count(*)",
            "source_table": "orders",
            "description": "Orders before the moment.",
            "data_type": "BIGINT",
        },
        {
            "name": "spent_30d",
            "expression": "sum(amount) FILTER (WHERE ordered_at >= cutoff - INTERVAL 30 DAY)",
            "source_table": "orders",
        },
        {"name": "region", "expression": "region", "source_table": "customers"},
    ],
}


@dataclass
class Answer:
    """What the endpoint answers to one request."""

    content: Any = field(default_factory=lambda: RECIPE)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class Endpoint:
    """A running endpoint, and what it was asked."""

    url: str
    asked: list[dict[str, Any]]
    keys: list[str]


@contextmanager
def endpoint(*answers: Answer) -> Iterator[Endpoint]:
    """Serve these answers one after the other; the last one again and again."""
    asked: list[dict[str, Any]] = []
    keys: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(json.loads(body))
            keys.append(self.headers.get("Authorization", ""))
            answer = answers[min(len(asked), len(answers)) - 1]
            time.sleep(answer.delay)
            content = answer.content
            text = content if isinstance(content, str) else json.dumps(content)
            message = {"role": "assistant", "content": text}
            document = {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "scripted",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
            if answer.status != 200:
                document = {"error": {"message": "secret-of-the-endpoint", "type": "x"}}
            sent = json.dumps(document).encode()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)
            except OSError:  # the caller did not wait
                return

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Endpoint(f"http://127.0.0.1:{server.server_port}/v1", asked, keys)
    finally:
        server.shutdown()
        server.server_close()
