"""What only one system has stays behind a question: the source is read with `ast`, so no such system is needed."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = [ROOT / "app.py", *sorted((ROOT / "demo").rglob("*.py"))]
EVERYTHING = [*PRODUCT, *(path for path in sorted((ROOT / "tests").rglob("*.py")) if "node_modules" not in path.parts)]
POSIX_MODULES = {"resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog"}
GONE_MODULES = {"imp", "asyncore", "asynchat", "smtpd", "distutils", "cgi", "crypt", "imghdr", "pipes", "telnetlib"}
POSIX_NAMES = {  # attributes of os, signal and time that Windows lacks, some of them macOS too
    *"fork forkpty sched_getaffinity sched_setaffinity getuid geteuid getgid getpgid killpg setsid nice uname".split(),
    *"statvfs getloadavg register_at_fork posix_fadvise waitpid pipe2 mkfifo sysconf chown memfd_create".split(),
    *"SIGKILL SIGHUP SIGUSR1 SIGUSR2 SIGALRM alarm setitimer tzset".split(),
}
QUESTIONS = ("hasattr(", "sys.platform", "os.name")
RESERVED = {"con", "aux", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def findings(source: str, product: bool = True) -> set[str]:
    """What of a module runs on one system only, or reads text as the system likes, where nobody asks for the system."""
    return {told for node, asked in _nodes(ast.parse(source)) if not asked for told in _told(node, product)}


def _nodes(node, asked: bool = False):
    """Every node, and whether the question which system this is was asked on the way to it."""
    for child in ast.iter_child_nodes(node):
        inside = asked or any(question in ast.unparse(node) for question in QUESTIONS if _asks(node))
        yield child, inside
        yield from _nodes(child, inside)


def _asks(node) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return any("sys.platform" in ast.unparse(decorator) for decorator in node.decorator_list)
    return isinstance(node, ast.If | ast.IfExp | ast.BoolOp)


def _told(node, product: bool):
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        yield from {name.split(".")[0] for name in names} & (POSIX_MODULES | GONE_MODULES)
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("os", "signal", "time")
    ):
        yield from {node.attr} & POSIX_NAMES
    if not isinstance(node, ast.Call):
        return
    keywords = {keyword.arg for keyword in node.keywords}
    yield from keywords & {"preexec_fn"}
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    reads = (name, len(node.args)) in (("read_text", 0), ("write_text", 1))
    runs = "text" in keywords and name in ("run", "Popen", "check_output")
    if product and "encoding" not in keywords and (reads or runs):
        yield f"{name} without an encoding"


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_runs_on_one_system_alone(path):
    assert findings(path.read_text(encoding="utf-8"), path in PRODUCT) == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import resource", {"resource"}),
        ("from distutils.core import setup", {"distutils"}),
        ("os.sched_setaffinity(0, [1])", {"sched_setaffinity"}),
        ("if hasattr(os, 'fork'):\n    os.fork()", set()),
        ("x = os.geteuid() if os.name == 'posix' else 0", set()),
        ("process.send(signal.SIGKILL)", {"SIGKILL"}),
        ("Popen(x, preexec_fn=y)", {"preexec_fn"}),
        ("path.read_text()", {"read_text without an encoding"}),
        ("path.write_text(x, encoding='utf-8')", set()),
        ("subprocess.run(x, text=True)", {"run without an encoding"}),
    ],
)
def test_the_reading_has_teeth(source, found):
    assert findings(source) == found


def test_every_file_can_be_there_on_every_system():
    if not (ROOT / ".git").exists():
        pytest.skip("an unpacked archive has the files that its system allowed")
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode("utf-8")
    names = [name for name in told.split("\0") if name]
    assert len({name.casefold() for name in names}) == len(names)
    parts = {part for name in names for part in name.split("/")}
    assert not [part for part in parts if set(part) & set(':*?"<>|\\') or part.endswith((".", " "))]
    assert not [part for part in parts if part.split(".")[0].casefold() in RESERVED]
