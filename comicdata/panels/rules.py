"""The numbers that panel splitting rests on, in one frozen record, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """Lengths in pixels, or as a share of the width where the name ends in `_share`; colours on 0..255."""

    tolerance: int = 12  # a pixel this close to a colour is that colour: JPEG noise, paper grain
    uniform_share: float = 0.985  # of a row, for the row to be one colour: dust and thin frames may cross it
    column_share: float = 0.985  # likewise for a column
    jump: int = 14  # a step between neighbouring rows above this ends a run of one colour
    drift: int = 30  # a background may change this much behind one panel and still be the same
    narrowest_gutter: int = 8
    narrowest_column: int = 10
    smallest_panel_share: float = 0.06  # of the width: smaller things are specks, page numbers, dots of a caption
    gradient_share: float = 0.03  # of the width: a coloured or changing run must be this tall to be a gutter
    deepest: int = 5  # rows in columns in rows ...
    text_paper_share: float = 0.55  # text and balloons: mostly background ...
    text_colour_share: float = 0.03  # ... and hardly any colour
    soft_paper_share: float = 0.4  # a gutter that a balloon bridges still shows this much background
    soft_height: int = 12
    soft_edge_share: float = 0.4  # and both its ends are edges of panels over this much of the width
    hard_edge_share: float = 0.85  # of the width that changes at once: two full-bleed pictures meet
    hard_edge_step: int = 40  # by at least this much
    hard_from_share: float = 1.2  # only in runs taller than this share of the width
    page_smallest_share: float = 0.008  # of the page's area
    page_speck_share: float = 0.10  # of the page's shorter side, for both sides of a panel


RULES = Rules()
