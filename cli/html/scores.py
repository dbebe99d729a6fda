"""The figures of an evaluation as rows of words: for the terminal and for pages alike."""

from collections.abc import Mapping
from typing import Any

METHODS = {
    "outline_copy": "outline copy",
    "mean_color": "mean colour",
    "nearest": "nearest",
    "lowres_ceiling": "ceiling",
}
COLUMNS = ["measure", "pixels", "colorizer", "outline", "mean", "nearest", "ceiling"]  # fits into 80 characters
MEASURES = {"l1": "L1", "psnr": "PSNR dB", "ssim": "SSIM", "de2000": "CIEDE2000", "within10": "within 10"}
SUBSETS = {
    "all": "all",
    "off_line": "off lines",
    "figures": "figures",
    "foreground": "foreground",
    "background": "background",
}
WHOLE = {
    "colourfulness_ratio": ("colour ratio", "all"),
    "background_consistency": ("flat spread", "flat"),
    "lpips": ("LPIPS (VGG)", "all"),
    "kid_vgg16": ("KID of VGG16", "all"),
    "fid_vgg16": ("FID of VGG16", "all"),
}
THREE_DECIMALS = ("l1", "ssim", "within10", "lpips", "kid_vgg16")
LOWER_IS_BETTER = ("l1", "de2000", "background_consistency", "lpips")
DIFFERENCE_COLUMNS = ["measure", "pixels", "first", "other", "difference"]
HINT_COLUMNS = ["hints", "at them", "near them", "off lines", "off lines, no network"]
MOOD_COLUMNS = ["mood", "off lines", "within 10", "nearer to it"]
MOODS = {"none": "none", "one": "the mean colour", "own": "all its colours", "other": "another episode's"}
REFERENCE_COLUMNS = ["references", "figures", "within 10", "where they have the colour", "within 10"]
REFERENCES = {
    "0": "none",
    "1": "1 panel of the series",
    "3": "3 panels",
    "5": "5 panels",
    "other": "5 of another series",
    "truth": "the truth itself",
}
TO_BEAT = {"mean_color": "mean colour", "nearest": "nearest window"}
AS_COLOURFUL = (0.7, 1.4)  # colour ratios, half a power of two either way


def score_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """The document of `evaluate` as rows of COLUMNS; without the subsets that nobody knows."""
    made = [document["model"], *(document["baselines"][name] for name in METHODS)]
    rows = [
        [title, words, *(_number((one.get(subset) or {}).get(name), name) for one in made)]
        for name, title in MEASURES.items()
        for subset, words in SUBSETS.items()
        if any(name in (one.get(subset) or {}) for one in made)
    ]
    known = {name: words for name, words in WHOLE.items() if any(one.get(name) is not None for one in made)}
    return rows + [[*words, *(_number(one.get(name), name) for one in made)] for name, words in known.items()]


def difference_rows(
    one: Mapping[str, Any], other: Mapping[str, Any], apart: Mapping[str, Mapping[str, float | None]]
) -> list[list[str]]:
    """Two documents and the `differences` of their runs as rows of DIFFERENCE_COLUMNS, each figure with its error."""
    rows = [
        [title, words, *_apart(name, subset, one, other, apart)]
        for name, title in MEASURES.items()
        for subset, words in SUBSETS.items()
        if (name if subset == "all" else f"{name}_{subset}") in apart
    ]
    return rows + [[*WHOLE[name], *_apart(name, "", one, other, apart)] for name in WHOLE if name in apart]


def _apart(
    name: str,
    subset: str,
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    apart: Mapping[str, Mapping[str, float | None]],
) -> list[str]:
    """Both figures and what the second is above the first; in a word, too, where that is more than twice its error."""
    figure = name if subset in ("", "all") else f"{name}_{subset}"
    values = [(each["model"][subset] or {}).get(name) if subset else each["model"].get(name) for each in (one, other)]
    cells = [
        _with_error(value, each["errors"].get(figure), name) for value, each in zip(values, (one, other), strict=True)
    ]
    mean, error = apart[figure]["mean"], apart[figure]["error"]
    word = _judged(name, values[0], values[1], mean, error)
    return [*cells, _with_error(mean, error, name, sign="+") + word]


def _judged(name: str, one: float | None, other: float | None, mean: float | None, error: float | None) -> str:
    """Whether the second figure is better or worse, by more than twice the error of the difference; "" elsewhere."""
    if one is None or other is None or mean is None or error is None:
        return ""
    gain = -mean if name in LOWER_IS_BETTER else mean
    if name == "colourfulness_ratio":
        gain = abs(one - 1) - abs(other - 1)
    return "" if abs(gain) <= 2 * error else " better" if gain > 0 else " worse"


def _with_error(value: float | None, error: float | None, name: str, sign: str = "") -> str:
    if value is None:
        return "-"
    places = 3 if name in THREE_DECIMALS else 2
    return f"{value:{sign}.{places}f}" + ("" if error is None else f"±{error:.{places}f}")


def measured_words(document: Mapping[str, Any], measured: int, there: int | None) -> str:
    """How many windows of which split were measured, of how many where that is not all of them, and in which style."""
    windows = f"{measured} windows" if there in (None, measured) else f"{measured} of {there} windows"
    style = f", in {document['style']}" if "style" in document else ""
    return f"{windows} of the split {document['split']}{style}"


def mask_note(document: Mapping[str, Any], panels: int) -> str:
    """Said where only some of the windows have masks; "" elsewhere."""
    known = (document.get("masks") or {}).get("windows", panels)
    rest = "figures, foreground and background are of these alone"
    return f"masks for {known} of {panels} windows: {rest}" if known < panels else ""


def source_note(document: Mapping[str, Any], now: Mapping[str, str]) -> str:
    """Said where other weights were measured than those that lie there now, by their hashes; "" elsewhere, and of
    documents of earlier versions, which do not tell.
    """
    stated = document.get("weights_sha256")
    if stated is None or not now or stated == now:
        return ""
    images = ", ".join(f"{stage} {count}".strip() for stage, count in document["images"].items())
    return f"Of other weights than lie here now: of those after {images} images. Run comicdata evaluate again."


def hint_title(hints: Mapping[str, Any]) -> str:
    return f"Colour error (CIEDE2000) with hints, and (without), on {hints['windows']} windows"


def hint_rows(hints: Mapping[str, Any]) -> list[list[str]]:
    """What evaluate found about hints as rows of HINT_COLUMNS: with them (without, on the same pixels)."""

    def cell(both: Mapping[str, float | None]) -> str:
        return f"{_number(both['hinted'], 'de2000')} ({_number(both['plain'], 'de2000')})"

    return [
        [
            count,
            *(cell(areas[name]) for name in ("at", "near", "off_line")),
            _number(areas["off_line"]["hints_spread"], ""),
        ]
        for count, areas in hints.items()
    ]


def mood_rows(moods: Mapping[str, Any]) -> list[list[str]]:
    """What evaluate found about moods as rows of MOOD_COLUMNS."""

    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.0%}"

    return [
        [words, _number(found.get("de2000"), "de2000"), share(found.get("within10")), share(found.get("nearer"))]
        for name, words in MOODS.items()
        if (found := moods.get(name))
    ]


def reference_rows(references: Mapping[str, Any]) -> list[list[str]]:
    """What evaluate found about references as rows of REFERENCE_COLUMNS: CIEDE2000 of figures, or off the lines where
    no masks say what figures are.
    """

    def pair(means: Mapping[str, Any] | None) -> list[str]:
        subset = (means or {}).get("figures") or (means or {}).get("off_line") or {}
        within = subset.get("within10")
        return [_number(subset.get("de2000"), "de2000"), "-" if within is None else f"{within:.0%}"]

    return [
        [words, *pair(found), *pair(found.get("reachable"))]
        for name, words in REFERENCES.items()
        if (found := references.get(name))
    ]


def _number(value: float | None, name: str) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if name in THREE_DECIMALS else f"{value:.2f}"


def verdict(document: Mapping[str, Any]) -> str:
    """In plain words: in how much of the area colours are right and how far they are off, of figures where these are
    known, else off the lines, each against mean colour and nearest; and whether there is colour at all.
    """
    subset = "figures" if (document["model"].get("figures") or {}).get("de2000") is not None else "off_line"
    where = "figures" if subset == "figures" else "off the lines"
    own = _right(document["model"], subset)
    if own is None:
        return f"{where}: nothing to compare"
    rivals = {words: right for name, words in TO_BEAT.items() if (right := _right(document["baselines"][name], subset))}
    off, within = own
    more = {f"{words} ({theirs:.0%})": within > theirs for words, (_, theirs) in rivals.items()}
    less = {f"{words} ({theirs:.1f})": off < theirs for words, (theirs, _) in rivals.items()}
    parts = [
        ", ".join([f"{within:.0%} of the area has the right colour (within 10)", *_against("more", more)]),
        ", ".join([f"colours are off by dE {off:.1f}", *_against("less", less)]),
        *_colour_words(document["model"]),
    ]
    return f"{where}: {'; '.join(parts)}"


def _against(word: str, beaten: Mapping[str, bool]) -> list[str]:
    """Who is beaten and who is not: "more than mean colour (0%)", "no more than nearest window (24%)"."""
    won, lost = ([rival for rival, is_won in beaten.items() if is_won is wanted] for wanted in (True, False))
    said = [f"{word} than {' and '.join(won)}"] if won else []
    return said + ([f"no {word} than {' or '.join(lost)}"] if lost else [])


def _right(one: Mapping[str, Any], subset: str) -> tuple[float, float] | None:
    """CIEDE2000 and within 10; None too where there was no picture to measure at all."""
    found = one.get(subset) or {}
    off, within = found.get("de2000"), found.get("within10")
    return None if off is None or within is None else (off, within)


def _colour_words(model: Mapping[str, Any]) -> list[str]:
    ratio = model["colourfulness_ratio"]
    if ratio is None:
        return []
    least, most = AS_COLOURFUL
    word = "duller than" if ratio < least else "more garish than" if ratio > most else "about as colourful as"
    return [f"{word} the truth (colour ratio {ratio:.2f})"]
