"""Every answer's headers and bytes, what anybody may send, and what an error may say."""

import gzip
import hashlib
import json
import re

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.constants import LETTER_BYTES, POSTING_BYTES, SLOTS
from crypto.errors import ProtocolError
from crypto.posting import parse_posting
from intake import clock, errors, publicfiles, segments, tray, views
from intake.db import reading
from intake.migrate import alembic_config
from intake.models import metadata
from tests.intake.conftest import new_posting
from tests.intake.test_posting import rows

PAGES = ["/", "/report", "/return", "/about"]
OTHERS = ["/manifest.json", "/files/head.json", "/tree/bundle.json", "/tree/1.root.json", "/tree/timestamp.json", "/nothing", "/post"]


@pytest.mark.parametrize("path", PAGES + OTHERS)
def test_headers_of_every_answer(client, path):
    headers = client.get(path).headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert "upgrade-insecure-requests" not in policy
    for absent in ("Set-Cookie", "Strict-Transport-Security", "Last-Modified", "ETag", "X-Powered-By"):
        assert absent not in headers


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_the_same_bytes_for_everyone_and_allow_only_their_own_style(client, config, path):
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip", "Accept-Language": "zh", "User-Agent": "x", "Cookie": "a=b"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.data[4:8] == bytes(4), "no time in the gzip header"
    assert f'data-programme="{publicfiles.programme(config).hex()}"' in plain.text
    policy = plain.headers["Content-Security-Policy"]
    assert "'unsafe" not in policy
    assert "script-src 'self'" in policy
    assert len(re.findall(r"'sha256-", policy)) == plain.text.count("<style>")
    assert not re.search(r"<style [^>]|<[^>]+ (?:style|on[a-z]+)=", plain.text), "an attribute the policy would block"


def test_the_manifest_names_every_page_and_file(client):
    files = json.loads(client.get("/manifest.json").data)["files"]
    assert set(PAGES) < set(files)
    for path, digest in files.items():
        assert hashlib.sha256(client.get(path).data).hexdigest() == digest
    script = next(path for path in files if path.startswith("/static/report."))
    assert client.get(script).headers["Cache-Control"].endswith("immutable")
    assert script in client.get("/report").text


def test_what_a_reporter_reads_is_kept_by_no_browser(client, config, db, post):
    """The blocks they asked for would be on the disk as a mark of their words."""
    assert post(new_posting()) == (200, "stored")
    assert segments.tick_once(config, db) == 1
    old = config.files / "clues" / "2020-W01"
    old.write_bytes(b"")
    for path in ("/files/letters/1/0", f"/files/clues/{clock.week()}", "/files/clues/2020-W01"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_the_bundle_is_the_tree_and_follows_it(client, config):
    bundle = json.loads(client.get("/tree/bundle.json").data)
    for part, folder in (("metadata", "/tree/"), ("targets", "/tree/targets/")):
        assert bundle[part]
        for name, text in bundle[part].items():
            assert client.get(folder + name).data == text.encode()
    timestamp = config.tree / "metadata" / "timestamp.json"
    fresh = timestamp.with_name("new")
    fresh.write_text(timestamp.read_text() + " ")
    fresh.replace(timestamp)
    assert json.loads(client.get("/tree/bundle.json").data)["metadata"]["timestamp.json"].endswith(" ")


def test_an_error_tells_and_logs_nothing_that_was_sent(client, monkeypatch, capfd):
    canary = "canary-7f3a"

    def fail(db, body):
        raise ValueError(canary)

    monkeypatch.setattr(views.tray, "accept", fail)
    answer = client.post(f"/post?{canary}", data=new_posting(), content_type="application/octet-stream", headers={"Cookie": canary})
    assert (answer.status_code, answer.text) == errors.SENTENCES["Broken"]
    out, err = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(r"tellsafe: ValueError at [a-z_]+\.py:\d+\n", err)


@pytest.mark.parametrize("table", ["posting", "tray_clue"])
def test_an_unready_database_asks_to_come_back(client, db, table):
    with db.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {table}")
    answer = client.post("/post", data=new_posting(), content_type="application/octet-stream")
    assert (answer.status_code, answer.text) == errors.SENTENCES["Busy"]


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"]
PATHS = st.one_of(
    st.sampled_from(["/", "/post", "/files/head.json", "/tree/bundle.json", "/tree/..", "/tree/targets/x", "/static/x"]),
    st.builds("/files/clues/{}".format, st.one_of(st.text(max_size=300), st.just("2026-W47"), st.just("2026-W53"), st.just("0000-W00"))),
    st.builds("/files/letters/{}/{}".format, st.integers(-1, 10**30), st.one_of(st.integers(), st.text(max_size=20))),
    st.builds("/tree/{}".format, st.text(max_size=300)),
    st.builds("/tree/targets/{}".format, st.text(max_size=300)),
    # Two slashes at the front would name a host.
    st.text(max_size=60).map(lambda text: "/" + text.lstrip("/\t\r\n")),
)
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.sampled_from(METHODS), PATHS, st.binary(max_size=200), st.sampled_from(["application/octet-stream", "a", ""]))
def test_nothing_sent_to_any_address_breaks_the_server_or_is_stored(client, db, method, path, body, kind):
    answer = client.open(path.replace("?", "").replace("#", ""), method=method, data=body, content_type=kind)
    assert answer.status_code in (200, 400, 404, 405)
    if answer.status_code != 200 and method != "HEAD":
        assert answer.text in {sentence for _, sentence in errors.SENTENCES.values()}
    assert rows(db) == 0


GOOD = new_posting()


@FUZZ
@given(data=st.data())
def test_a_damaged_posting_is_refused_and_not_stored_or_stored_as_it_is(data):
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(0, 4))):
        at = 8 + data.draw(st.integers(0, SLOTS - 1)) * LETTER_BYTES + data.draw(st.integers(0, 33))
        body[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([POSTING_BYTES, POSTING_BYTES, POSTING_BYTES - 1, 0]))
    try:
        checked = parse_posting(bytes(body[:cut]))
    except ProtocolError as error:
        assert errors.name_of(error) in ("Malformed", "BadPoint")
    else:
        assert checked.nonce + b"".join(checked.letters) == bytes(body)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=100), at=st.integers(0, SLOTS - 1))
def test_a_bad_body_of_the_right_length_stores_nothing(client, db, data, at):
    start = 8 + at * LETTER_BYTES
    body = GOOD[:start] + b"\xff" * 32 + data + GOOD[start + 32 + len(data) :]
    answer = client.post("/post", data=body, content_type="application/octet-stream")
    assert answer.status_code == 400
    assert rows(db) == 0


def test_a_body_without_a_length_is_refused(client, db):
    answer = client.post("/post", content_type="application/octet-stream", environ_overrides={"CONTENT_LENGTH": ""})
    assert (answer.status_code, answer.text) == errors.SENTENCES["Length"]
    assert rows(db) == 0


def test_migrations_make_exactly_the_models(config, db):
    with reading(db) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type='table'").all()
    assert {name for name, sql in made if "WITHOUT ROWID" not in sql} == {"alembic_version", "posting"}


def test_migrations_go_down_and_up_again(config, db):
    for target in ("base", "head"):
        getattr(command, "downgrade" if target == "base" else "upgrade")(alembic_config(config), target)
    tray.accept(db, new_posting())
    assert rows(db) == 7


def test_a_migration_keeps_what_waits_in_the_tray(config, db):
    bodies = [new_posting() for _ in range(3)]
    for body in bodies:
        tray.accept(db, body)
    for step in (command.downgrade, command.upgrade):
        step(alembic_config(config), "0001" if step is command.downgrade else "head")
        with reading(db) as connection:
            assert sorted(connection.exec_driver_sql("SELECT body FROM posting").scalars()) == sorted(bodies)
            assert connection.exec_driver_sql("SELECT count(*) FROM posting, tray_clue WHERE posting = id").scalar_one() == 18
    for body in bodies:
        tray.accept(db, body)
    assert rows(db) == 21, "a retry is still known"
