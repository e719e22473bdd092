"""The walls: the server runs, in a fresh process and on a stripped tree, without anything that could open, seal or sign."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import demo

ROOT = Path(__file__).resolve().parent.parent.parent
# What must not be in the server's memory, nor be needed by it.
FORBIDDEN = ("review", "oversight", "tools", "crypto.private", "crypto.sealing")
# What a stripped tree lacks: all code that can use a private key.
STRIPPED = ("review", "oversight", "tools", "tests", "crypto/private", "crypto/sealing.py", "crypto/browser/node_modules")
PAGES = ("/", "/report", "/return", "/about", "/reviewers", "/reviewers/history", "/manifest.json", "/files/head.json")
PAGES += ("/tree/bundle.json", "/tree/1.root.json", "/nothing")
SERVE = """
import json, sys
from app import app
client = app.test_client()
codes = {path: client.get(path).status_code for path in json.loads(sys.argv[1])}
codes["/tree"] = client.post("/tree", data=client.get("/tree/bundle.json").data, content_type="application/json").status_code
codes["POST"] = client.post("/post", data=b"x", content_type="application/octet-stream").status_code
print(json.dumps({"codes": codes, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walls")
    demo.make(folder)
    return folder / "intake"


def served(tree: Path, data: Path) -> dict[str, dict[str, int] | list[str]]:
    """Import the app in a fresh interpreter that sees only this tree, ask for every page, and list what was imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TELLSAFE", "PYTHON"))}
    environment |= {"TELLSAFE_DATA": str(data), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", SERVE, json.dumps(PAGES)]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    result: dict[str, dict[str, int] | list[str]] = json.loads(done.stdout.splitlines()[-1])
    return result


def check(result: dict[str, dict[str, int] | list[str]]) -> None:
    codes = result["codes"]
    assert isinstance(codes, dict)
    assert codes.pop("/nothing") == 404
    assert codes.pop("POST") == 400
    assert set(codes.values()) == {200}, codes
    loaded = [name for name in result["modules"] if name.startswith(tuple(f"{wall}." for wall in FORBIDDEN)) or name in FORBIDDEN]
    assert not loaded


def test_a_fresh_process_never_loads_what_could_open_a_letter(data: Path) -> None:
    check(served(ROOT, data))


def test_the_server_runs_on_a_tree_without_private_code(data: Path, tmp_path: Path) -> None:
    tree = tmp_path / "stripped"
    hidden = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "tests", "docs", "demo-data")
    shutil.copytree(ROOT, tree, ignore=hidden)
    for path in STRIPPED:
        if (tree / path).is_dir():
            shutil.rmtree(tree / path)
        else:
            (tree / path).unlink(missing_ok=True)
    check(served(tree, data))


SERVER = sorted(path for path in [*ROOT.glob("intake/**/*.py"), *ROOT.glob("migrations/**/*.py"), ROOT / "app.py"])
BANNED = {
    r"\bremote_addr\b|\baccess_route\b|X-Forwarded|Forwarded-For": "an address",
    r"\buser_agent\b|User-Agent": "a browser's name",
    r"\brequest\.cookies\b|\bset_cookie\b|\bflask\.session\b|import session\b": "a cookie",
    r"crypto\.private|crypto\.sealing|from crypto import (?:.*\b)?(?:private|sealing)\b": "code that opens, seals or signs",
    r"\bSigningKey\b|\bSecretBox\b|\bPrivateKey\b|crypto_scalarmult|\bhpke\b": "private-key cryptography",
    r"importlib\.import_module|__import__|\bexec\(|\beval\(|\brunpy\b": "an import no contract can see",
}


@pytest.mark.parametrize("pattern", BANNED, ids=list(BANNED.values()))
def test_names_the_server_never_uses(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line}" for path in SERVER for line in path.read_text("utf-8").splitlines() if re.search(pattern, line)
    ]
    assert not found


def test_only_the_clock_reads_the_clock() -> None:
    pattern = re.compile(r"time\.time|\.now\(|\.utcnow\(|\.today\(")
    files = [path for path in SERVER if path != ROOT / "intake" / "clock.py"]
    found = [f"{path.relative_to(ROOT)}: {line}" for path in files for line in path.read_text("utf-8").splitlines() if pattern.search(line)]
    assert not [line for line in found if not re.search(r"\bclock\.(?:now|today)\(", line)]


def test_import_contracts() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout


def test_the_contracts_see_a_breach(tmp_path: Path) -> None:
    """A control: the same contracts refuse a server that seals, however it gets there."""
    tree = tmp_path / "breached"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "__pycache__", "node_modules", "tests", "docs", "demo-data"))
    (tree / "intake" / "helper.py").write_text("from crypto import sealing\n\n__all__ = ['sealing']\n", "utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode != 0
    assert "intake.helper -> crypto.sealing" in done.stdout
