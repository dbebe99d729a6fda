"""The layers, read from the syntax trees: who may import what, and which calls exist only in one place."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"comicdata": "comicdata", "models": "comicdata.models", "cli": "comicdata.cli"}
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
GROUND = {"comicdata.records", "comicdata.errors", "comicdata.files", "comicdata.images"}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join([FOLDERS[parts[0]], *parts[1:]])
    return name.removesuffix(".__init__")


def imports(path):
    """Absolute names of all modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "comicdata"}
    return found


def layer(name):
    if name.startswith("comicdata.cli"):
        return "cli"
    return "models" if name.startswith("comicdata.models") else "core"


def forbidden(name):
    """Prefixes a module must not import."""
    core = ["comicdata.cli", "comicdata.models", "torch", "click", "rich"]
    rules = {"core": core, "models": ["comicdata.cli", "comicdata.crawl", "click", "rich"], "cli": []}[layer(name)]
    if name in GROUND:
        rules = [*rules, "comicdata.crawl", "comicdata.panels", "comicdata.pairs", "comicdata.manifests"]
    if name.startswith("comicdata.panels") or name == "comicdata.outlines":
        rules = [*rules, "comicdata.crawl", "comicdata.pairs", "comicdata.manifests", "requests"]
    if name.startswith("comicdata.crawl"):
        rules = [*rules, "comicdata.pairs", "comicdata.panels", "comicdata.manifests", "pandas", "cv2"]
    return rules


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_go_one_way(path):
    rules = forbidden(module_name(path))
    bad = {name for name in imports(path) for rule in rules if name == rule or name.startswith(rule + ".")}
    assert not bad
    assert "comicdata.crawl.fetch" not in imports(path) or layer(module_name(path)) != "models"


def calls(path):
    """Dotted names of all calls in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


NOWHERE = {"torch.load", "torch.save", "pickle.load", "pickle.loads", "yaml.load", "os.system", "eval", "exec"}
NOWHERE |= {"cv2.imread", "cv2.imdecode", "cv2.imwrite"}
ONLY_IN = {
    "Pillow.open": {"comicdata.images"},
    "requests.get": set(),
    "requests.Session": {"comicdata.crawl.fetch"},
    "print": set(),
    "sys.exit": {"comicdata.cli.main"},
}


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_dangerous_calls_are_nowhere_or_in_their_one_place(path):
    for name in calls(path):
        assert name not in NOWHERE, name
        assert not name.endswith(".extractall"), name
        assert module_name(path) in ONLY_IN.get(name, {module_name(path)}), name
        if name.endswith((".write_bytes", ".write_text")):
            raise AssertionError(f"{path}: files are written through comicdata.files, not {name}")


@pytest.mark.parametrize("path", [path for path in FILES if layer(module_name(path)) != "cli"], ids=module_name)
def test_only_the_command_line_reads_the_environment(path):
    assert "os.environ" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments", [["--help"], *([name, "--help"] for name in ("make-pairs", "train", "crawl", "evaluate"))]
)
def test_help_loads_nothing_heavy(arguments, tmp_path):
    code = (
        "import sys\nfrom comicdata.cli.main import run\n"
        f"assert run({arguments!r}) == 0\n"
        "heavy = {'torch', 'pandas', 'cv2', 'pyarrow', 'PIL', 'numpy', 'requests'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)


def test_importing_the_core_loads_neither_torch_nor_click(tmp_path):
    names = [module_name(path) for path in FILES if layer(module_name(path)) == "core"]
    code = f"import sys, importlib\nfor n in {names!r}: importlib.import_module(n)\n"
    code += "assert not {'torch', 'click', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
