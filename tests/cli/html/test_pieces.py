"""Whatever others wrote is text on a page: no producer lets markup, quotes or controls through."""

import re
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from comicdata.cli.html import pieces
from comicdata.cli.html.run import stage_folders
from comicdata.cli.targets import apart
from comicdata.errors import IntegrityError
from comicdata.pairs.card import credit_lines

HOSTILE = "<script>alert(1)</script>\"' onload=x\x1b[2J\u202e"
PICTURE = np.zeros((4, 4, 3), np.uint8)
PRODUCERS = {
    "page": lambda text: pieces.page(text, [(text, "")]),
    "picture": lambda text: pieces.picture(PICTURE, text),
    "table": lambda text: pieces.table([text], [[text]]),
    "curves": lambda text: pieces.curves({text: [(0, 1), (1, 2)]}, text),
    "cards": lambda text: pieces.cards([(text, text)]),
    "note": pieces.note,
    "paragraph": pieces.paragraph,
    "heading": pieces.heading,
    "histogram": lambda text: pieces.histogram([1.0, 2.0], text) + pieces.histogram([], text),
    "swatches": lambda text: pieces.swatches([(text, text, 0.5)]),
    "bars": lambda text: pieces.bars({text: 3}),
}


@pytest.mark.parametrize("produce", PRODUCERS.values(), ids=PRODUCERS)
def test_text_of_others_is_text(produce):
    html = produce(HOSTILE)
    assert "<script" not in html and "\x1b" not in html and "\u202e" not in html
    assert "&lt;script&gt;" in html and "&quot;&#x27; onload" in html


@pytest.mark.parametrize("produce", PRODUCERS.values(), ids=PRODUCERS)
def test_a_title_in_any_script_stays(produce):
    assert "무지개 é אבג" in produce("무지개 é אבג")


def test_every_producer_is_here():
    source = Path(pieces.__file__).read_text(encoding="utf-8")
    assert {*re.findall(r"^def ([a-z]\w*)", source, re.MULTILINE)} - {"row", "side_by_side", "overlay"} == {*PRODUCERS}


def test_pages_are_made_of_these_pieces_alone():
    """No page writes a variable into markup by itself, but counts."""
    for path in Path(pieces.__file__).parent.glob("*.py"):
        if path.name != "pieces.py":
            found = re.findall(r"""f["'][^"']*<[a-z][^"']*\{(\w+)""", path.read_text(encoding="utf-8"))
            assert {*found} <= {"left"}, path


def test_credits_are_one_row_each():
    hostile = {"source": "a|b", "series_id": HOSTILE, "licence": "[x](y)", "attribution": "`x`\n|new|row|", "pairs": 1}
    (line,) = credit_lines([hostile])[2:]
    assert "<" not in line and "\x1b" not in line and "\n" not in line
    assert len(re.findall(r"(?<!\\)\|", line)) == 6 and r"\[x\](y)" in line


@pytest.mark.parametrize("stage", ["../../x", "/etc", "", "a/../..", "x\0"])
def test_a_run_leads_to_no_stage_elsewhere(stage, tmp_path):
    with pytest.raises(IntegrityError):
        stage_folders(tmp_path, {"stages": [stage]})
    (tmp_path / "stages" / "drafting").mkdir(parents=True)
    assert [*stage_folders(tmp_path, {"stages": ["drafting", "refining"]})] == ["drafting"]


@pytest.mark.parametrize(
    ("names", "targets"),
    [
        (["a.png", "A.png", "a.jpg"], ["a.png", "A-2.png", "a-3.png"]),
        (["é.png", "e\u0301.png"], ["é.png", "e\u0301-2.png"]),
        (["a.png", "a-2.png", "a.webp"], ["a.png", "a-2.png", "a-3.png"]),
        (["x\x1b[2J.png"], ["x\\x1b[2J.png"]),
        (["1/a.png", "2/a.png", "무지개.png"], ["1/a.png", "2/a.png", "무지개.png"]),
    ],
)
def test_outputs_that_would_meet_are_kept_apart(names, targets):
    stems = apart(PurePosixPath(one).with_suffix("").as_posix() for one in names)
    assert [f"{one}.png" for one in stems] == targets
