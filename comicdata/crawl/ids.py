"""Which id an episode has: the one it was stored under. Its address decides, never its place in a list."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from comicdata.crawl.names import free_name
from comicdata.records import Episode

TRACKING = re.compile("(?:utm_[a-z]+|ref|fbclid|gclid)=")


def keep_ids(
    episodes: Sequence[Episode], stored: Mapping[str, str], listed: Mapping[str, str], *, by_name: bool = False
) -> list[Episode]:
    """The episodes of a source under the ids that they have in a crawl; what is new gets an id that nothing has.

    `stored` and `listed` are addresses by id: of the records on disk, and of the list that an earlier crawl remembered.
    A record without address is known by its id; with `by_name` also one whose address is gone, for on this machine
    addresses are names of files and folders, which people change.
    """
    known = {**listed, **stored}
    ids: dict[int, str] = {}
    _claim(ids, [episode.url for episode in episodes], known)
    _claim(ids, [_path(episode.url) for episode in episodes], {name: _path(url) for name, url in known.items()})
    _claim(ids, [_bare(episode.url) for episode in episodes], {name: _bare(url) for name, url in known.items()})
    if by_name:  # 0.1.0 noted where pictures lie in the source, which may be above the series
        _claim(ids, [episode.url for episode in episodes], {name: url.partition("/")[2] for name, url in known.items()})
    free = stored.keys() - ids.values()
    for index, episode in enumerate(episodes):
        name = episode.episode_id
        if index not in ids and name in free and (by_name or not episode.url or not stored[name]):
            ids[index] = name
            free.discard(name)
    taken = dict.fromkeys([*stored, *ids.values()], 1)
    return [
        replace(episode, episode_id=ids[index] if index in ids else free_name(episode.episode_id, taken))
        for index, episode in enumerate(episodes)
    ]


def _claim(ids: dict[int, str], addresses: Sequence[str], known: Mapping[str, str]) -> None:
    """Give episodes that have no id yet the one that is known by their address, where it is the only one of each."""
    claimed = set(ids.values())
    owners: dict[str, str] = {}
    for name, address in known.items():
        if name not in claimed:
            owners.setdefault(address, name)
    counts = Counter(address for index, address in enumerate(addresses) if index not in ids)
    for index, address in enumerate(addresses):
        if index not in ids and address and address in owners and counts[address] == 1:
            ids[index] = owners[address]


def _bare(url: str) -> str:
    """The path of an address without what sites hang on to links to count clicks, and however it is written."""
    path, _, query = _path(url).partition("?")
    kept = [part for part in query.split("&") if part and not TRACKING.match(part)]
    return "?".join(["/".join(filter(None, unquote(path).split("/"))), "&".join(sorted(kept))]) if path or kept else ""


def _path(url: str) -> str:
    """An address without its host: sites move to another, or from http to https."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.path.strip("/") or parts.query else ""
