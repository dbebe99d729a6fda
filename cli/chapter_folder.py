"""Coloured pages that lie in a folder, what is beside them in folders in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from comicdata.cli.chapter_rows import REPORT, Page, Row, rows_by_stem, says
from comicdata.cli.failures import FAILURES
from comicdata.cli.inputs import Picture
from comicdata.crawl.sources.comic_info import PageFacts, with_pages
from comicdata.files import jsonl_bytes, on_disk, read_lines, read_regular
from comicdata.images import MAX_FILE_BYTES
from comicdata.outputs import Outputs, Reads, read_list
from comicdata.records import ColorFormat

ROWS = "colorize.jsonl"  # what was made of what
SUFFIXES = (".png", ".jpg", ".webp")  # of coloured pages


class FolderPages:
    """Pages that lie in a folder, by its list of outputs, with their rows in colorize.jsonl."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = self.failures = outputs
        own = ROWS in read_list(outputs.out) and not outputs.kept([ROWS])
        self._rows = rows_by_stem(read_lines(outputs.out / ROWS)) if own else {}
        self._new = 0  # rows that are not on disk

    def check(self, names: Mapping[str, list[str]], reads: Reads) -> list[str]:
        self.outputs.check([*names[""], ROWS, REPORT, FAILURES], reads)
        kept = [*self.outputs.kept(names[""]).values()]
        for kind, made in names.items():
            if kind and made:
                self.side(kind).check(made, reads)
                kept += self.side(kind).kept(made).values()
        return kept

    def form(self, kind: str) -> ColorFormat:
        return "png"

    def name_of(self, page: Page, suffix: str) -> str:
        return page.stem + suffix

    def shown(self, row: Row) -> str:
        return (self.outputs.out / row["file"]).as_posix()

    def side(self, kind: str) -> Outputs:
        """OUT/layers, OUT/samples; suggestions are no pictures and lie among the pages."""
        return self.outputs if kind == "suggested" else Outputs(self.outputs.out / kind, "colorize")

    def known(self, stem: str, made_of: str) -> Row | None:
        row = self._rows.get(stem)
        there = row is not None and row["made_of"] == made_of and self.outputs.has([row["file"]])
        return row if row and there and all(self.side(kind).has(made) for kind, made in row["sides"].items()) else None

    def rows(self) -> Mapping[str, Row]:
        return self._rows

    def keep(self, row: Row, data: bytes, picture: Picture) -> None:
        """One of its name with another suffix goes; a page that is left alone may be there: it is the input."""
        target = self.outputs.out / row["file"]
        if row["left_alone"] and target.is_file() and target.samefile(picture.path):
            return
        self.outputs.write(row["file"], data)
        before = self._rows.get(row["stem"])
        others = {*(row["stem"] + suffix for suffix in SUFFIXES), *([before["file"]] if before else [])}
        for name in sorted(others & read_list(self.outputs.out).keys() - {row["file"]}):
            self.outputs.remove(name)
        self._rows[row["stem"]] = row
        self._new += 1
        if 20 * self._new >= len(self._rows):  # a list of many pages is not written for every one of them
            self.save()

    def read(self, row: Row) -> bytes:
        return read_regular(self.outputs.out / row["file"], MAX_FILE_BYTES)

    def has_report(self, digest: str) -> bool:
        return self.outputs.has([REPORT]) and says(on_disk(self.outputs.out / REPORT), digest)

    def write_report(self, data: bytes) -> None:
        self.outputs.write(REPORT, data)

    def save(self) -> None:
        """Nothing is written where all is there; a list of outputs that was damaged is made whole."""
        self._new = 0
        if self._rows:
            self.outputs.write(ROWS, jsonl_bytes(dict(self._rows[stem]) for stem in sorted(self._rows)))

    def finish(self, pages: Sequence[Page], rows: Mapping[int, Row], about: Any) -> None:
        out = self.outputs.out
        for name, read in about:
            folder = name.rpartition("/")[0]
            own = [page for page in pages if page.stem.rpartition("/")[0] == folder]
            there = [(at, rows[page.number]) for at, page in enumerate(own) if page.number in rows]
            facts = [PageFacts(at, (out / row["file"]).stat().st_size, *row["size"]) for at, row in there]
            self.outputs.write(name, with_pages(read(), facts))
