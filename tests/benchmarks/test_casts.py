"""The script that draws many series: what it writes is what crawl takes, and masks lie where the backdrop shows."""

import sys
from pathlib import Path

import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.images import read_image
from comicdata.models.colorize import load_colorizer
from comicdata.models.evaluate import evaluate
from comicdata.pairs.manifest import file_of, read_rows


@pytest.fixture
def script(monkeypatch):
    """benchmarks/casts.py, which is no part of the package."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import casts

    few = {name: kind._replace(count=1) for name, kind in casts.HELD_OUT.items()}
    monkeypatch.setattr(casts, "HELD_OUT", few)
    monkeypatch.setattr(casts, "HELD_OUT_PANELS", 2)
    yield casts
    for name in ("casts", "drawn_masks"):
        sys.modules.pop(name, None)


def draw(script, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["casts.py", *map(str, words)])
    script.main()


def test_series_become_pairs_and_their_masks(script, tmp_path, monkeypatch):
    import drawn_masks

    out, masks = tmp_path / "out", tmp_path / "masks"
    draw(script, monkeypatch, out, "--series", 2, "--panels", 1, "--shapes", "--masks", masks)
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == [
        f"cast5-00{number}/1/0001.png" for number in range(2)
    ]
    (plain,), (turned,) = ([*(masks / name).rglob("*.png")] for name in ("test", "turned"))
    assert plain.relative_to(masks / "test") == turned.relative_to(masks / "turned")
    assert (read_image(turned) == read_image(plain)[..., [2, 0, 1]]).all()

    ids = {}
    for name in ("test", "turned"):
        crawl, pairs = str(tmp_path / name), str(tmp_path / f"{name}-pairs")
        assert run(["crawl", str(out), str(masks / name), "--out", crawl, "--licence", "CC0-1.0", "-q"]) == 0
        assert run(["make-pairs", crawl, "--out", pairs, "--test-episodes", "2", "--workers", "1", "-q"]) == 0
        ids[name] = {row.id for row in read_rows(Path(pairs)) if row.kept and row.split == "test"}
    assert ids["test"] == ids["turned"] != set()

    cut = tmp_path / "cut"
    drawn_masks.write_masks_of_series(tmp_path / "test-pairs", cut, masks / "backgrounds")
    cat, seen = np.array(script.any_cast(5, 10_000).cat), 0
    for row in read_rows(tmp_path / "test-pairs"):
        background = read_image(cut / f"{row.id}.png")[..., 0] == 255
        assert 0.05 < background.mean() < 0.95
        if row.split == "test":
            color = read_image(file_of(tmp_path / "test-pairs", row, "color")).astype(int)
            of_cat = np.abs(color - cat).max(axis=2) < 4
            assert not of_cat[background].any()
            seen += of_cat.sum()
    assert seen > 500


@pytest.mark.parametrize(
    ("words", "said"), [(["--series", 0], "from 1 to"), (["--masks", "out/masks"], "nothing else")]
)
def test_what_cannot_be_drawn_is_refused(script, tmp_path, monkeypatch, words, said, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        draw(script, monkeypatch, "out", *words)
    assert said in capsys.readouterr().err
    (tmp_path / "out" / "mine").mkdir(parents=True)
    with pytest.raises(SystemExit):
        draw(script, monkeypatch, "out")
    assert "mine is there" in capsys.readouterr().err


@pytest.mark.slow
def test_a_short_training_colours_casts_never_seen_by_five_references(script, tmp_path, monkeypatch):
    """Ten minutes of a busy core learn of 160 series; eight others are judged, on their figures off the lines."""
    import drawn_masks

    monkeypatch.setattr(script, "HELD_OUT", {"test": script.Kind(8, 10_000, 2)})
    monkeypatch.setattr(script, "HELD_OUT_PANELS", 8)
    out, held, pairs, masks = (tmp_path / name for name in ("out", "held", "pairs", "masks"))
    draw(script, monkeypatch, out, "--series", 160, "--panels", 6, "--masks", held)
    crawl, learned = str(tmp_path / "crawl"), str(tmp_path / "run")
    assert run(["crawl", str(out), str(held / "test"), "--out", crawl, "--licence", "CC0-1.0", "-q"]) == 0
    assert run(["make-pairs", crawl, "--out", str(pairs), "--test-episodes", "2", "-q"]) == 0
    drawn_masks.write_masks_of_series(pairs, masks, held / "backgrounds")
    words = ["--pairs", str(pairs), "--run", learned, "--images", "7800", "--device", "cpu", "-q"]
    assert run(["train", "palette", *words, "--no-hints", "--outline", "canny", "--line-jitter", "0"]) == 0
    found = evaluate(load_colorizer(Path(learned)), pairs, "test", masks=masks, limit=24, hints=False)
    apart = {name: found.document["references"][name]["figures"]["de2000"] for name in ("0", "1", "5", "other")}
    assert apart["5"] <= 12 and apart["5"] <= apart["0"] - 10, apart
    assert apart["5"] < apart["1"] and apart["other"] >= apart["0"] - 3, apart
