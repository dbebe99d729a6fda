"""What an outline is worth: bits per dimension of held-out small pictures, with their outlines and with others'.

python benchmarks/low_resolution.py RUN PAIRS     (RUN of `comicdata train consistent`)
"""

import sys
from pathlib import Path

import torch

from comicdata.models.data.pairs import PairDataset
from comicdata.models.networks.layers import to_range, to_tensor
from comicdata.models.networks.pixelcnn import shrink
from comicdata.models.runs.load import load_network


def main(run: Path, pairs: Path) -> None:
    network, weights = load_network(run / "stages" / "low-resolution", torch.device("cpu"))
    data = PairDataset(pairs, "test", weights.config["size"])
    outlines = [to_range(to_tensor(data.outline(index)[None])) for index in range(len(data))]
    right, shuffled = [], []
    with torch.inference_mode():
        for index in range(len(data)):
            small = shrink(to_range(to_tensor(data.color(index)[None])))
            right.append(float(network.bits(outlines[index], small)))
            other = outlines[(index + len(data) // 2) % len(data)]
            shuffled.append(float(network.bits(other, small)))
    true_bits, other_bits = sum(right) / len(right), sum(shuffled) / len(shuffled)
    seen = weights.header["images"]
    print(f"{seen} images seen, {len(data)} held-out windows: {true_bits:.2f} bits, shuffled {other_bits:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
