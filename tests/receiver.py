"""A server that keeps the webhooks that it is sent."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

LOOPBACK = "127.0.0.0/8"
"""What a registry has to allow, that webhooks may reach it."""


class Receiver:
    """A server that keeps what it is sent, and answers with the statuses it was given, then with 204.

    `before` is called for every message before it is read; `reached` counts them.
    """

    def __init__(self, before: Callable[[], object] = lambda: None) -> None:
        self.reached = 0
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.reached += 1
                before()
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    self.close_connection = True  # who sent it died on the way: it is no receipt
                    return
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def told(self) -> list[dict[str, Any]]:
        """The messages in the order of their receipt."""
        return [json.loads(body) for _, body in self.got]

    def close(self) -> None:
        """Stop, and let go of the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
