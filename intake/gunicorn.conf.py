"""gunicorn's settings: no access log, no addresses, no server name, slow clients kept from holding everyone else up."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import gunicorn.arbiter
import gunicorn.http.wsgi

from intake.config import Config
from intake.publicfiles import missing

# The name and version of a server help only those who attack it.
gunicorn.http.wsgi.SERVER = "tellsafe"

bind = os.environ.get("TELLSAFE_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("TELLSAFE_WORKERS", "2"))
worker_class = "gthread"
# Loaded once and then forked: half the work at the start. Connections to the database are made after it, by requests.
preload_app = True
# A slow upload holds a thread for its whole length: docs/operations.md says what that means.
threads = 32
timeout = 60
graceful_timeout = 5
# A new stream on an onion costs a round trip more per click.
keepalive = 15
accesslog = None
# At "error" gunicorn prints addresses of requests.
loglevel = "critical"
# A management socket nobody asked for.
control_socket_disable = True
# Heartbeat files on a disk may block a worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
limit_request_line = 1024
limit_request_fields = 64
limit_request_field_size = 4096
forwarded_allow_ips = ""

# Without a signed tree there is nothing to serve: say what to do, once, and end all, before anything is loaded.
if sentence := missing(Config.from_env()):
    sys.stderr.write(f"tellsafe: {sentence}\n")
    sys.exit(1)


def when_ready(_server: gunicorn.arbiter.Arbiter) -> None:
    """Where `python -m intake` has started this, end when it ends, however it does: nobody would tick any more."""
    parent = os.environ.get("TELLSAFE_PARENT")
    if parent:
        threading.Thread(target=_follow, args=(int(parent),), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
