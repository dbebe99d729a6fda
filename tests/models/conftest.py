"""Small pairs folders: a disc and a box of fixed colours on one of few papers, with their black outlines."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from comicdata.drawn import draw_episode
from comicdata.files import sha256_bytes, write_atomic
from comicdata.images import Image, encode_png, resize
from comicdata.models.networks.layers import to_range, to_tensor
from comicdata.outlines import canny_black, xdog
from comicdata.pairs.manifest import write_manifest
from comicdata.records import Pair

Color = tuple[int, int, int]
PAPERS: list[Color] = [(250, 240, 200), (180, 220, 250), (200, 240, 190)]


def draw(
    number: int, size: int, *, disc: Color = (230, 120, 90), square: Color = (90, 140, 220), paper: Color | None = None
) -> Image:
    """One panel in colour, (size, size, 3)."""
    random = np.random.default_rng(number)
    image = np.full((size, size, 3), paper or PAPERS[number % len(PAPERS)], np.uint8)
    place = random.integers(size // 4, 3 * size // 4, size=4).tolist()
    reach = size // 6
    for color, thickness in ((disc, -1), ((0, 0, 0), 1)):
        cv2.circle(image, tuple(place[:2]), reach, color, thickness)
    for color, thickness in ((square, -1), ((0, 0, 0), 1)):
        corner = (place[2] - reach // 2, place[3] - reach // 2)
        cv2.rectangle(image, corner, (place[2] + reach, place[3] + reach), color, thickness)
    return image


def make_pairs(
    folder: Path,
    *,
    train: int = 6,
    validation: int = 2,
    test: int = 2,
    size: int = 64,
    picture: Callable[[int, int], Image] = draw,
    series: Callable[[int], str] = lambda number: "shapes",
) -> Path:
    """A pairs folder that read_rows and verify accept."""
    splits = ["train"] * train + ["validation"] * validation + ["test"] * test
    rows = [
        replace(_pair(folder, number, split, size, picture(number, size)), series_id=series(number))
        for number, split in enumerate(splits)
    ]
    write_manifest(folder, rows)
    return folder


def _pair(folder: Path, number: int, split: str, size: int, color: Image) -> Pair:
    """Write the three pictures of one pair and describe them."""
    pictures = {"color": color, "canny": canny_black(color), "xdog": xdog(color, size=256)}
    names, hashes = {}, {}
    for kind, picture in pictures.items():
        data = encode_png(picture)
        names[kind] = f"{kind}/00/p{number:04d}.png"
        hashes[kind] = sha256_bytes(data)
        write_atomic(folder / str(size) / split / names[kind], data, durable=False)
    return Pair(
        id=f"p{number:04d}",
        panel_id=f"panel{number:04d}",
        source="test",
        series_id="shapes",
        episode_id="e1",
        panel_index=number,
        window_index=0,
        split=split,
        kept=True,
        drop_reason="",
        color_file_name=names["color"],
        canny_file_name=names["canny"],
        xdog_file_name=names["xdog"],
        size=size,
        fit="tile",
        crop_box=(0, 0, size, size),
        panel_box=(0, 0, size, size),
        source_files=("0001.png",),
        source_sha256=("0" * 64,),
        source_url="",
        licence="CC0-1.0",
        attribution="",
        split_confidence=1.0,
        dhash="d:0000000000000000",
        black_fraction=0.0,
        ink_canny=0.1,
        ink_xdog=0.1,
        saturation=0.5,
        params_id="x",
        sha256_color=hashes["color"],
        sha256_canny=hashes["canny"],
        sha256_xdog=hashes["xdog"],
        excluded=False,
    )


@functools.cache
def drawn_panels(count: int, *, seed: int, size: int = 64) -> tuple[Tensor, Tensor, Tensor]:
    """Panels of the drawn comic with flat backgrounds: outline and colour in [-1, 1], true background, (N, C, s, s)."""
    found: list[tuple[Image, Image, Image]] = []
    for number in itertools.count(1):
        episode = draw_episode(seed, number, width=300)
        for panel in (one for one in episode.panels if one.background_kind == "flat"):
            side = min(panel.box.width, panel.box.height)
            color = episode.strip[panel.box.y0 :, panel.box.x0 :][:side, :side]
            whole = (canny_black(color), color, panel.background[:side, :side].astype(np.uint8) * 255)
            found.append(tuple(resize(np.ascontiguousarray(one), size, size) for one in whole))  # type: ignore[arg-type]
        if len(found) >= count:
            break
    outline, color, background = (to_tensor(np.stack(one[:count])) for one in zip(*found, strict=True))
    return to_range(outline), to_range(color), background == 255


@pytest.fixture(scope="session")
def drawn() -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """For panels of the drawn comic with their truth."""
    return drawn_panels


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Networks this small lose more by sharing their work than they gain."""
    torch.set_num_threads(1)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return make_pairs(tmp_path / "pairs")


@pytest.fixture(scope="session")
def panel() -> Callable[..., Image]:
    """For one panel in colour."""
    return draw


@pytest.fixture(scope="session")
def make() -> Callable[..., Path]:
    """For a pairs folder of another make-up."""
    return make_pairs
