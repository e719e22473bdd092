"""gunicorn's settings: no access log, no addresses, no server name, slow clients kept from holding everyone else up."""

import os
from pathlib import Path

import gunicorn.http.wsgi

# The name and version of a server help only those who attack it.
gunicorn.http.wsgi.SERVER = "tellsafe"

bind = os.environ.get("TELLSAFE_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("TELLSAFE_WORKERS", "2"))
worker_class = "gthread"
# A slow upload holds a thread for its whole length: see docs on the reverse proxy that buffers.
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
