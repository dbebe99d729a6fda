"""A run of an untrained network of palette, and a drawing for it: for tests of what happens around a colouring."""

import numpy as np
import torch

from comicdata.files import write_atomic, write_json
from comicdata.models.runs.checkpoint import save_weights
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.palette import palette_files
from comicdata.models.runs.settings import options

COLORS = [[230, 60, 50], [40, 90, 220], [250, 240, 200], [60, 160, 80]]
WIDTH, HEIGHT, WALL = 96, 80, 46


def save_run(folder, model="palette", **settings):
    """A run of an untrained network of training size 64."""
    torch.manual_seed(3)
    config = resolve_config(model, "small", {"size": 64, **settings})
    tensors = config.network.build().state_dict()
    if model == "palette":
        tensors["palette"] = torch.tensor(COLORS, dtype=torch.float32)
        tensors["flatness"] = torch.ones(1)
    if "pointer.null.bias" in tensors:
        tensors["pointer.null.bias"].fill_(-20.0)  # references answer all, so that it shows if there are any
    save_weights(folder / "weights.safetensors", tensors, {"config": options(config), "data_hash": "0", "images": 0})
    write_json(folder / "config.json", {"model": model, "options": options(config)})
    for name, data in palette_files(tensors).items():
        write_atomic(folder / name, data)
    return folder


def drawing():
    """Two rooms side by side."""
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    picture[:, WALL : WALL + 3] = 0
    return picture
