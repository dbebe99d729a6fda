"""Regions and colours become what other programs open: PSD, OpenRaster, SVG, palettes; and layers of theirs are read.

The rule of this room: it makes bytes and writes none. Whoever writes files asks comicdata.outputs.
"""
