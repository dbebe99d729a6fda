"""What a user may name as INPUT."""

import json
import zipfile

import numpy as np

from comicdata.cli.main import run
from comicdata.drawn import cut_slices, draw_episode
from comicdata.images import encode_png


def test_a_cbz_of_slices_is_one_strip_in_stitched_coordinates(tmp_path, capsys):
    episode = draw_episode(9, 1, panels=3)
    with zipfile.ZipFile(tmp_path / "one.cbz", "w") as archive:
        for index, part in enumerate(cut_slices(episode.strip), 1):
            archive.writestr(f"{index}.png", encode_png(part))
    assert run(["panels", str(tmp_path / "one.cbz"), "--json", "--out", str(tmp_path / "overlays")]) == 0
    (strip,) = json.loads(capsys.readouterr().out)["strips"]
    assert (strip["layout"], strip["height"], strip["width"]) == ("strip", *episode.strip.shape[:2])
    boxes = [panel["box"] for panel in strip["panels"] if panel["kind"] == "panel"]
    assert np.abs(np.array(boxes) - [panel.box.as_list() for panel in episode.panels]).max() <= 3
    assert len(list((tmp_path / "overlays").glob("*.jpg"))) == 1


def test_folders_are_walked_in_natural_order(tmp_path, capsys):
    for name in ("e1/10.png", "e1/2.png", "e2/1.png", ".hidden/1.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        picture = np.random.default_rng(len(name)).integers(0, 256, (90, 80, 3), dtype=np.uint8)
        (tmp_path / "in" / name).write_bytes(encode_png(picture))
    assert run(["panels", str(tmp_path / "in"), "--layout", "page", "--json"]) == 0
    strips = json.loads(capsys.readouterr().out)["strips"]
    assert [strip["input"] for strip in strips] == ["e1/2.png", "e1/10.png", "e2/1.png"]
