"""The numbers that panel splitting rests on, in one frozen record, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """Lengths in pixels, or as a share of the width where the name ends in `_share`; colours on 0..255."""

    tall: float = 3.0  # one picture this many times as tall as wide is a whole strip
    square: float = 1.35  # the longer side of a square-ish picture in shorter ones
    seam: int = 4  # rows at a file border that may be a line left by cutting, one or two rows, blurred by JPEG
    border_goes_on: float = 0.45  # of the step between the rows shifted: art goes on; 99 of 100 pages lie above 0.6
    border_breaks: float = 0.7  # and above this it does not; 98 of 100 cuts through art lie below
    border_least: float = 4.0  # a step by chance smaller than this is flat colour, which says nothing
    border_restless: float = 2.0  # times the step from row to row inside: strokes so dense say nothing

    # what speaks for a strip (for pages where it is taken away), in points: log odds, as counted on real comics
    points_goes_on: float = 4.0  # per border: unrelated pages hardly ever look so
    points_breaks: float = 2.5  # per border: a cut seldom falls on the edge of a panel
    points_ends: float = 0.7  # per border with art on one side only: seldom in strips, not rare in pages
    points_gutter: float = 0.5  # taken per border in a gutter, beyond two, where pictures of one size show no other
    points_blank: float = 1.0  # per picture without art, at most ...
    most_blank: float = 3.0
    margin_same: float = 0.1  # margins that differ by no more are one margin, which pages repeat
    margin_share: float = 0.5  # of the pictures have it, or it repeats by chance
    points_margin: float = 1.5  # per end that has it, beyond the first, of pictures of one size
    margin_large: float = 0.08  # of the height of a picture: pages rarely have such margins, gutters do
    points_large: float = 0.7  # per such end where margins do not repeat, at most ...
    most_large: float = 2.0
    points_sides: float = 1.0  # per picture that ends in a gutter while its art touches both sides, at most ...
    most_sides: float = 3.0
    width_same: float = 0.02  # widths that differ by no more are one width: 800 and 799, not a page and its spread
    widths_odd: float = 0.3  # of the pictures: one may be narrower, one may be the credits
    points_widths: float = 3.0  # where more of them have another width
    spread_wide: float = 1.6  # times as wide as the others: two pages on one sheet
    points_spread: float = 2.0
    height_same: float = 0.03  # heights that differ by no more, at one width, are one height
    heights_share: float = 0.6  # of the pictures have it
    page_aspects: tuple[float, float] = (1.2, 1.59)  # height by width of printed pages; tiles of 800 x 1280 are above
    points_page_size: float = 2.0  # where all have one size like that
    longest_page: float = 1.9  # height by width: pages are not taller
    points_one_size: float = 1.0  # where all have another size no taller than that
    points_tall: float = 2.0  # where they are taller
    points_rest: float = 2.0  # all of one height but the last, which is lower: cut at regular heights
    points_irregular: tuple[float, ...] = (0.0, 0.0, 0.5, 2.0, 3.0)  # heights of all kinds, by pictures: two say little
    most_indirect: float = 0.9  # for a strip, per picture, where art goes on nowhere: of two nobody can be sure
    sure: float = 0.88  # two points; a decision below is said to people

    tolerance: int = 12  # a pixel this close to a colour is that colour: JPEG noise, paper grain
    sampled_share: float = 0.9  # of 64 samples of a row: below it the row is not read in full
    uniform_share: float = 0.985  # of a row, for the row to be one colour: dust and thin frames may cross it
    column_share: float = 0.985  # likewise for a column
    frame_share: float = 0.95  # of the height of a gap that the side of a frame runs along: drawn lines have holes
    jump: int = 14  # a step between neighbouring rows above this ends a run of one colour
    drift: int = 30  # a background may change this much behind one panel and still be the same
    narrowest_gutter: int = 8
    narrowest_column: int = 7
    smallest_panel_share: float = 0.06  # of the width: smaller things are specks, page numbers, dots of a caption

    coloured_share: float = 0.03  # of the width: a coloured or changing run must be this tall to be a gutter
    beside: int = 12  # a coloured run this near to white or black background is flat art at the edge of a picture
    gutter_ends_share: float = 0.4  # of the ends of runs of one colour at which panels begin, or the colour is a sky's
    line_thinnest: int = 5  # rows of a dark line where two frames meet across the strip
    line_darkest: int = 40
    line_edge_share: float = 0.6  # of the width that changes on both its sides
    often: int = 3  # a colour seen in this many gutters is the background, whatever borders on it
    edge_step: int = 12  # the colour changes by more than this where a panel begins
    flat_edge_share: float = 0.3  # of the width, above and below a gutter of a colour seen elsewhere too
    gradient_edge_share: float = 0.45  # of the width, above and below a gutter that stands alone
    gradient_best_share: float = 0.6  # and on one of its sides

    flat_alone_share: float = 0.85  # of the width, above and below a flat gutter of a colour seen nowhere else
    grow_step: int = 5  # on clean paper, a pixel this far from it is faint art
    grow_clean_share: float = 0.7  # of the background that is nearer than that on clean paper
    grow_share: float = 0.35  # of a line, for faint art to go on there
    grow_least: int = 12  # less is the blur of JPEG around an edge

    deepest: int = 8  # rows in columns in rows ...
    longest_share: float = 16.0  # of the width: more rows without a gutter are no panel, and no run in memory
    bounded_confidence: float = 0.2
    soft_levels: tuple[float, ...] = (
        0.75,
        0.5,
        0.3,
        0.18,
        0.1,
    )  # of a row open to the sides where a balloon bridges a gutter
    soft_level_of_ends: float = 0.18  # likewise where a balloon only hangs out
    soft_height: int = 8
    soft_width: int = 4  # between panels side by side: gutters there are narrow
    soft_frame_share: float = 0.9  # of such a gutter that frames run along on both sides
    soft_frame_step: int = 40  # by which the colour of such a frame may vary: thin lines are blurred
    soft_edge_share: float = 0.08  # by how much that falls where panels begin
    soft_beside_share: float = 0.4  # and what is left of it there, of what it was
    soft_end_share: float = 0.35  # of the height of a run: a balloon that hangs out of the panel is lower
    soft_straight_share: float = 0.1  # that is open in the first rows of the panel it hangs out of
    soft_straight_rows: int = 60  # of a panel beside such a gutter, over which its sides are straight
    soft_straight_step: float = 0.04  # of the width: they may move this much
    hard_edge_share: float = 0.85  # of the width that changes at once: two full-bleed pictures meet
    hard_edge_step: int = 18  # by more than this
    hard_flat_share: float = 0.97  # where one of the pictures is flat
    hard_from_share: float = 0.9  # of the width: only in runs taller than this
    hard_width_share: float = 0.98  # of the width: only in parts as wide as the strip
    hard_margin_share: float = 0.2  # of the width: no panel is as low as this
    hard_flat: int = 4  # rows around the edge; one colour on both sides is a sky over a horizon, not two pictures
    hard_sky_share: float = 0.5  # of the rows on one side: a flat sky is no picture of its own
    hard_faint_share: float = 0.5  # of the width that changes by half as much: the other edges of a pattern
    hard_pattern_share: float = 0.45  # of the step at the edge that is left between the bands on its two sides
    hard_seam_share: float = 0.5  # of the width that is alike on both sides of a seam: one picture goes on behind it
    hard_confidence: float = 0.4

    text_height_share: float = 1.0  # of the width: taller things are no captions
    text_paper_share: float = 0.55  # text and balloons: mostly background ...
    text_colour_share: float = 0.03  # ... hardly any colour
    letter_share: float = 0.11  # ... and no mark taller than this share of the width
    caption_share: float = 0.25  # of the width: a box this low may be filled with any colour
    caption_paper_share: float = 0.6  # if most of it is
    framed_text_share: float = 0.25  # of the width: higher boxes in a straight frame are pictures
    outline_share: float = 0.8  # of width and height: the outline of a balloon, the box of a caption
    outline_thickness: int = 6
    balloon_solid_share: float = 0.78  # of its convex outline that a balloon on black fills
    balloon_width_share: float = 0.5  # of the width: a shape on black, wider than this, is a balloon if it is round:
    balloon_round_share: float = 0.9  # it fills no more of its box

    page_side: int = 560  # pixels that a page is analysed at: the side of a square of its area
    paper_least_share: float = (
        0.03  # of a page, for white or black to be its paper though its border shows another colour
    )
    bleeding_covers: float = 0.6  # of a page that panels cover where its border does not show the paper
    border_paper_share: float = 0.5  # of a page's border in its colour, for that to be the paper
    paper_side: int = 16  # columns at both sides of a page that show how its paper changes downwards
    paper_plain_share: float = 0.9  # of them that are one colour: such paper is plain
    paper_blur: int = 9  # rows and columns over which dots and grain are one tint
    paper_side_share: float = 0.97  # of the rows whose two ends have one tint
    speck_area: int = 40  # pixels, at the size of the analysis
    speckled_share: float = 0.004  # specks by pixels of paper: paintings have 0.01 and more
    ink_thick: int = 7  # pixels, at the size of the analysis: dark paper is wider somewhere, lines of frames are not
    ink_thick_share: float = 0.3  # of dark paper
    page_smallest_share: float = 0.008  # of the page's area
    page_speck_share: float = 0.10  # of the page's shorter side, for both sides of a panel
    page_soft_share: float = 0.6  # of a line across a part of a page: a gutter with balloons over it
    page_soft_height: int = 3  # at the size of the analysis
    page_soft_edge: float = 0.3  # how far the share of background falls on both sides of such a gutter
    band_lined_share: float = 0.5  # of the side of a clean band along which the line of a frame runs, holes and all
    clear_enough: float = 0.8  # of the ring around panels that is paper: no other paper is asked for
    much_clearer: float = 0.15  # by so much must it rise with another paper, one that is less likely
    blank_share: float = 0.9995  # of a page without a picture: dust is allowed
    page_text_share: float = 0.9  # of a page that is all lettering

    frame_line_share: float = 0.8  # of a line that is content: the side of a frame
    frame_line_blur: int = 3  # lines before it
    out_of_frame_most: float = 0.5  # of a line outside: what stands out of a frame is narrower than the panel
    out_of_frame_sides: float = 0.1  # of the first columns outside that are content, on either side
    out_of_frame_share: float = 0.3  # of the box, at each side
    solid_share: float = 0.8  # of a box that is not background: a framed or painted panel
    adjoining_confidence: float = 0.95  # of a side where another panel begins: 19 of 20 lines that cut part panels
    loose_confidence: float = 0.75  # of a box neither filled nor framed: about as often it was right on real comics
    solid_page_share: float = 0.45  # of the page's content: with less in such boxes its panels have no frames
    cells_least: int = 2  # cells, or the page is none of cells
    cells_deepest: int = 2  # tiers, then columns
    cell_least_share: float = 0.12  # of the page's shorter side: no cell is smaller
    cell_edge_step: int = 8  # between the tints of two cells that touch
    cell_edge_share: float = 0.72  # of the width or height of the part that changes there
    cell_gap_share: float = 0.2  # of the smallest cell: a gap between cells
    cell_widest_share: float = 0.6  # of the widest gap on the same level
    cell_low_share: float = 0.06  # of the page's height: a line of lettering, not a cell
    inset_rim_share: float = 0.4  # of a box that is rim at most
    inset_side_share: float = 0.9  # of each side that the rim covers
    inset_inner_share: float = 0.7  # of a line across the inset that is rim at most

    frame_widest: int = 9  # pixels, at the size of the analysis: a line of a frame
    frame_step: int = 14  # of grey that it is darker than both its sides
    frame_darkest: int = 80  # of grey
    frame_hole: int = 5  # pixels, at the size of the analysis, that something hides of the side of a frame
    frame_thickest: int = 12  # with the slack of the lines
    frame_slack: int = 4  # by which its sides miss each other at a corner
    frame_covered: float = 0.85  # of each side
    frame_beyond: int = 16  # pixels beyond a corner, over which the side of a frame does not go on ...
    frame_same: float = 0.5  # intersection over union of two that are one
    torn_share: float = 0.15  # of a part's convex outline that another shares: they are one picture, torn by balloons
    within_share: float = 0.85  # of it: it lies within the other, an inset
    around_frames_share: float = 0.4  # of a box with a frame in it that is content outside the frame
    frame_goes_on: int = 2  # ... at more than so many of eight ends

    stroke_widest: int = 17  # at the size of the analysis: a thin line, a narrow gutter
    stroke_step: int = 36  # of grey that it stands out from both its sides
    stroke_darkest: int = 120  # of grey that is ink at most
    stroke_lightest: int = 190  # of grey that is paper at least
    chord_edge_reach: int = 2  # pixels on both sides of an edge
    chord_edge_step: int = 30  # by which the colour changes there
    chord_edge_mark: int = 204  # of 255: so much an edge counts beside a stroke
    chord_shortest: float = 0.5  # of the longest chord of its direction: a corner cut off is no panel
    chord_covered: float = 0.7  # of a chord that is marked, for it to be looked at closer
    chord_stands_apart: int = 4  # at a quarter of the size of the analysis: as far from a chord ...
    chord_stands_out: float = 0.15  # ... at least on one side so much less is marked
    chords_apart: float = 3.0  # at a quarter of the size of the analysis
    most_rivals: int = 9  # lines of one direction that are counted
    most_chords: int = 3  # that are looked at closer, along each axis of a cell
    chord_reach: int = 5  # pixels by which its ends are moved to where it is covered most

    most_parts: int = 12  # that one cell may fall into: more are a fence, a wall of tiles
    surer: tuple[float, ...] = (0.9, 0.99)  # chances that lines must have at least where they cut into more
    part_least_share: float = 0.08  # of the page's shorter side: no panel is narrower
    part_least: int = 24  # pixels, at the size of the analysis: nor narrower than that
    figures_darkest: int = 40  # ground that figures without a frame stand on
    figures_ground_share: float = 0.3  # of a part that shows it
    figures_join_share: float = 0.012  # of the width: things nearer to each other are one
    figures_clean_share: float = 0.985  # of the ground that is quite clean
    figures_overlap_share: float = 0.3  # of a figure's box in another's: they are one scene
    lines_from_share: float = 0.4  # of a strip's width: both sides of what is cut along lines there
    lines_within_share: float = 0.98  # of the width: lines are looked for in what is narrower
    strip_parts: float = 0.9  # chance that a line parts two panels of a strip, where that is rare ...
    strip_parts_first: float = 0.975  # ... and for the first line in a piece of one: with it others are likelier
    strip_stroked: float = 0.9  # of such a line along which strokes run: the brim of a hat has less
    strip_framed: float = 0.5  # of the outline of what it cuts that is a dark line: panels that share lines have frames
    strip_page: float = 0.6  # likewise in a page that the strip holds ...
    strip_page_first: float = 0.9  # ... and for the first line in it
    strip_page_high: float = 0.8  # height by width of such a page
    strip_page_wide: float = 0.8  # of the width of the strip
    parts_panels: float = 0.5  # chance that a line parts two panels, for it to cut ...
    stroked_share: float = 0.5  # ... where strokes run along so much of it ...
    edges_panels: float = 0.9  # ... and elsewhere: edges of large shapes look much like dark panels that meet


RULES = Rules()
