"""The layers, read from the syntax trees: who may import what, and which calls exist only in one place."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"comicdata": "comicdata", "models": "comicdata.models", "cli": "comicdata.cli"}
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
# The rooms of each part, lowest floor first: a room imports only from its own floor's rooms above it in this list.
CORE = [["lazy"], ["errors"], ["records", "numbers", "reading"], ["files", "formats"], ["outputs", "forgotten"],
        ["images"], ["episodes"], ["panels", "outlines"], ["crawl", "pairs", "flats", "drawn"],
        ["layers"], ["exports", "forget"]]  # fmt: skip
MODELS = [["memory", "networks"], ["data"], ["runs"], ["colorize"], ["evaluate"], ["train"]]
ONLY_FROM = {  # core rooms that know less than their floor allows
    "drawn": {"errors", "records", "reading", "files", "outputs", "images"},
    "flats": {"lazy", "errors", "records", "reading", "files", "images", "panels"},
    "layers": {"errors", "records", "reading", "files", "formats", "outputs", "images", "flats"},
    "panels": {"errors", "records", "reading", "files", "images"},
    "outlines": {"errors", "records", "reading", "files", "images"},
    "pairs": {
        *("lazy", "errors", "records", "reading", "files", "formats", "outputs", "images", "episodes"),
        *("panels", "outlines", "forgotten"),
    },
}
# What models may know of.
OF_MODELS = {
    "errors",
    "records",
    "reading",
    "files",
    "outputs",
    "images",
    "outlines",
    "panels",
    "pairs",
    "flats",
    "layers",
}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join([FOLDERS[parts[0]], *parts[1:]])
    return name.removesuffix(".__init__")


@cache
def imports(path, *, types=True):
    """Absolute names of all modules of ours that a file imports, anywhere in it; `types` adds what only types need."""
    found = set()
    for node in walk(tree(path), types):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found


def walk(above, types):
    """All nodes; without `types`, none below `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(above):
        if types or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from walk(node, types)


MODULES = {module_name(path): path for path in FILES}


def layer(name):
    if name.startswith("comicdata.cli"):
        return "cli"
    return "models" if name.startswith("comicdata.models") else "core"


def room(name):
    """The room of a module, "" for the door of its part."""
    part = {"core": "comicdata", "models": "comicdata.models", "cli": "comicdata.cli"}[layer(name)]
    return name.removeprefix(part).removeprefix(".").split(".")[0]


def floor(rooms, name):
    return next(number for number, names in enumerate(rooms) if name in names)


def is_allowed(name, other):
    """Whether the module `name` may import `other`."""
    own, here, there = layer(name), room(name), room(other)
    heavy = {"click", "rich", "ray"} | ({"torch"} if own == "core" else {"requests", "bs4", "lxml"})
    if own == "cli" or (name, other) == ("comicdata.pairs.workers", "ray"):
        return True
    if other not in MODULES or not here:  # the doors offer what lies on every floor, lazily
        return other.split(".")[0] not in heavy
    if own == "models" and layer(other) == "core":
        return there in OF_MODELS
    if layer(other) != own:
        return False
    rooms = CORE if own == "core" else MODELS
    return there in {here, ""} or (floor(rooms, there) < floor(rooms, here) and there in ONLY_FROM.get(here, {there}))


def test_imports_go_one_way():
    arrows = [(name, other) for name, path in MODULES.items() for other in imports(path, types=False)]
    wrong = [f"{name} imports {other}" for name, other in arrows if not is_allowed(name, other)]
    assert not wrong, wrong


def test_no_two_files_import_each_other_in_a_circle():
    arrows = {
        name: {other for other in imports(path, types=False) if other in MODULES} for name, path in MODULES.items()
    }
    left = dict(arrows)
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    assert not left, f"in circles, or above one: {sorted(left)}"


def test_the_tree_is_as_wide_as_the_page_that_explains_it():
    """At most so many files lie loose beside the rooms."""
    assert len(list((ROOT / "comicdata").glob("*.py"))) <= 12
    assert len(list((ROOT / "models").glob("*.py"))) <= 4


def test_workers_of_make_pairs_load_neither_network_nor_html(tmp_path):
    code = (
        "import sys, comicdata.pairs.episode\n"
        "heavy = {'requests', 'bs4', 'lxml', 'urllib3', 'pydantic', 'pandas', 'torch', 'click'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


@cache
def calls():
    """All calls in all files: the module, the place, and the dotted name of what is called."""
    return [
        (name, f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.func))
        for name, path in MODULES.items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
    ]


NOWHERE = {"torch.load", "torch.save", "pickle.load", "pickle.loads", "yaml.load", "os.system", "eval", "exec"}
NOWHERE |= {"cv2.imread", "cv2.imdecode", "cv2.imwrite", "json.load", "json.JSONDecoder", "tomllib.load"}
ONLY_IN = {
    "json.loads": {"comicdata.reading.text"},
    "tomllib.loads": {"comicdata.reading.text"},
    "Pillow.open": {"comicdata.images.decoding"},
    "requests.get": set(),
    "requests.Session": {"comicdata.crawl.fetch"},
    "print": set(),
    "sys.exit": {"comicdata.cli.main"},
}


BARE_DELETES = {"rmtree", "unlink", "rmdir"}
WRITES = (".write_bytes", ".write_text", ".extractall")
DELETES = (".unlink", ".rmdir", ".rmtree", ".removedirs", "os.remove", ".TemporaryDirectory", ".mkdtemp")


def test_files_are_opened_by_the_one_opener():
    """A pipe or a device in the place of a file would hang whoever reads it another way."""
    found = [place for _, place, name in calls() if name.endswith(".read_bytes")]
    assert not found, f"{found}: comicdata.files.on_disk, or read_regular"


def test_nothing_is_deleted_but_in_one_place():
    deletes = [(where, place) for where, place, name in calls() if name.endswith(DELETES) or name in BARE_DELETES]
    assert {where for where, _ in deletes} == {"comicdata.files"}, deletes


def test_dangerous_calls_are_nowhere_or_in_their_one_place():
    found = [place for _, place, name in calls() if name in NOWHERE]
    found += [place for where, place, name in calls() if where not in ONLY_IN.get(name, {where})]
    assert not found, found


def test_files_are_written_through_comicdata_files():
    found = [place for _, place, name in calls() if name.endswith(WRITES)]
    assert not found, found


def test_json_and_toml_are_read_in_one_place_and_digits_by_whole_number():
    """No second door: neither by another name, nor by a method of the text that says yes to raised digits."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for name, path in MODULES.items()
        if name != "comicdata.reading.text"
        for node in ast.walk(tree(path))
        if is_second_door(node)
    ]
    assert not found, f"{found}: comicdata.reading; an answer is read by read_answer"


def is_second_door(node):
    if isinstance(node, ast.ImportFrom):
        return node.module in {"json", "tomllib", "json.decoder"}
    if isinstance(node, ast.Import):
        others = {"tomllib", "tomli", "orjson", "ujson", "simplejson"}
        return any(one.name in others or (one.name == "json" and one.asname) for one in node.names)
    if isinstance(node, ast.Attribute):
        attributes = {"isdigit", "isnumeric", "JSONDecoder", "json"}
        module = node.value.id if isinstance(node.value, ast.Name) else None
        return node.attr in attributes or (module == "json" and node.attr in {"loads", "load"})
    return False


def test_only_the_command_line_reads_the_environment():
    found = [name for name, path in MODULES.items() if "os.environ" in path.read_text(encoding="utf-8")]
    assert {layer(name) for name in found} == {"cli"}, found


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


def test_flats_of_a_picture_are_written_without_scipy_which_takes_longer_to_load_than_small_pictures_take(tmp_path):
    line = np.full((200, 300), 255, np.uint8)
    cv2.rectangle(line, (40, 40), (240, 160), 0, 5)
    cv2.imwrite(str(tmp_path / "line.png"), line)
    code = (
        "import sys\nfrom comicdata.cli.main import run\n"
        "assert run(['flats', 'line.png', '--out', 'out', '--to', 'psd', '--to', 'ora', '-q']) == 0\n"
        "assert not {'scipy', 'skimage', 'pandas', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert (tmp_path / "out/line.psd").stat().st_size > 1000
