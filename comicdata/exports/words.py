"""The README of an export: what it is, how to load it, whom to credit."""

from collections.abc import Sequence

from comicdata.exports.job import Job, suffix_of
from comicdata.outputs.escapes import for_markdown
from comicdata.pairs.card import credit_lines, front_matter, series_of
from comicdata.pairs.manifest import rows_hash


def licence_url(licence: str) -> str:
    """Where the text of a licence is, from the SPDX id of a Creative Commons licence; "" for others."""
    parts = licence.lower().split("-")
    if parts[0] == "cc0":
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    if parts[0] == "cc" and len(parts) >= 3 and {*parts[1:-1]} <= {"by", "sa", "nc", "nd"}:
        return f"https://creativecommons.org/licenses/{'-'.join(parts[1:-1])}/{parts[-1]}/"
    return ""


def webdataset_readme(job: Job) -> str:
    """How to stream the shards."""
    splits = {size: [split for one, split in job.groups if one == size] for size, _ in job.groups}
    configs = []
    for size, names in splits.items():
        configs += [f'- config_name: "{size}"', "  data_files:"]
        configs += [f'  - split: {name}\n    path: "{size}-{name}-*.tar"' for name in names]
    members = [f"{kind}{suffix_of(job.rows[0], kind)}" for kind in job.kinds]
    example = "{}-{}".format(*next(iter(job.groups)))
    return _page(
        job,
        configs,
        [
            f"Tar shards of samples: {', '.join(f'`<id>.{one}`' for one in members)}, and `<id>.json` says where it",
            "comes from, licence, credit, measures. Samples lie in the order of their ids, which are hashes.",
            "",
            "```python",
            "import datasets, glob, webdataset",
            f'shards = sorted(glob.glob("{example}-*.tar"))',
            'pairs = webdataset.WebDataset(shards, shardshuffle=False).decode("rgb8")',
            'same = datasets.load_dataset("webdataset", data_files=shards)',
            "```",
        ],
    )


def kohya_readme(job: Job) -> str:
    """How to train on the folders."""
    return _page(
        job,
        [],
        [
            "Folders for kohya-ss/sd-scripts: `<size>/<split>/image` with a caption beside every picture, the outlines",
            f"under the same names in {', '.join(f'`{name}`' for name in job.outlines)}, ink black on white: give the",
            "trained net the same. `facts.jsonl` says where each comes from, its licence and its credit.",
            "",
            "`controlnet_*.toml` are for `--dataset_config` of the ControlNet scripts, `images.toml` is the colour",
            "pictures alone. They name the train split only, by relative paths: run the script from inside this",
            "folder.",
        ],
    )


def croissant_readme(job: Job) -> str:
    """How to read the folder."""
    sizes = [str(size) for size in sorted({size for size, _ in job.groups})]
    size = sizes[0]
    return _page(
        job,
        [f'- config_name: "{one}"\n  data_dir: "{one}"' for one in sizes],
        [
            "Pictures and a `metadata.jsonl` per size and split; `croissant.json` (MLCommons Croissant 1.0) describes",
            "them.",
            "",
            "```python",
            "import datasets, mlcroissant",
            f'pictures = mlcroissant.Dataset("croissant.json").records("color-{size}")  # and pairs-{size}, ...',
            f'pairs = datasets.load_dataset("imagefolder", data_dir="{size}")',
            "```",
        ],
    )


def _page(job: Job, configs: Sequence[str], lines: Sequence[str]) -> str:
    series = series_of(job.rows)
    *head, end, blank = front_matter({"series": series, "kept": len(job.rows)})
    texts = {one["licence"]: licence_url(one["licence"]) for one in series}
    return "\n".join(
        [
            *head,
            *(["configs:", *configs] if configs else []),
            end,
            blank,
            "# Pairs of colour and line art\n",
            *lines,
            "\n| size / split | pairs |\n|---|---|",
            *(f"| {name} | {count} |" for name, count in job.counts.items()),
            "\n## Licences and credits\n",
            *credit_lines(series),
            "",
            *(f"- {for_markdown(name)}: <{url}>" for name, url in texts.items() if url),
            "",
            f"Made by comicdata from the rows with the SHA-256 `{rows_hash(job.rows)}`.",
            "`comicdata verify .` hashes every file.",
            "",
        ]
    )
