"""A loopback server that gives exactly the files it is told to, and can be told otherwise at any time."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from flask.testing import FlaskClient

Answer = Callable[[str], bytes | None]


def serving_app(client: FlaskClient) -> "contextlib.AbstractContextManager[str]":
    """Serve what a server's own client gives."""

    def answer(path: str) -> bytes | None:
        found = client.get(path)
        return found.data if found.status_code == 200 else None

    def take(path: str, body: bytes) -> tuple[int, str]:
        found = client.post(path, data=body, content_type="application/json")
        return found.status_code, found.get_data(as_text=True)

    return serving(answer, take)


@contextlib.contextmanager
def serving(answer: Answer, take: Callable[[str, bytes], tuple[int, str]] | None = None) -> Iterator[str]:
    """Serve `answer(path)` (None is 404), let `take(path, body)` answer what is posted, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = answer(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def do_POST(self) -> None:
            assert take is not None
            status, said = take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
