"""What an artist hands over, whatever program it comes from: a drawing, or a painted layer, as pixels.

The rule of this file: PSD goes through psd_reading, all else through comicdata.images; what was decided for the
artist is a note.
"""

from comicdata.errors import PictureError
from comicdata.formats import sniff
from comicdata.images import Decoded, Image, read_layer, read_picture
from comicdata.layers.psd_reading import Psd, over_white

HINTS = "hints"  # the layer of a PSD that hints are painted on, where none is named


def read_drawing(data: bytes, name: str, layer: str | None = None) -> Decoded:
    """A drawing, as `read_picture` gives it; of a PSD the layer that is named, else the one whose name says that lines
    are on it, else all layers together. PictureError for what is none, and for a layer that is not there.
    """
    if sniff(data) != "PSD":
        _refuse_layer(layer, name)
        return read_picture(data, name)
    psd = Psd(data, name)
    found, notes = layer or psd.line_layer(), ()
    if found is None:
        words = "no layer is called lines, line art or ink, so all are taken together; FILE.psd:LAYER names one"
        return Decoded(psd.composite(), "PSD", (words,), psd.dpi)
    return Decoded(over_white(psd.layer(found)), "PSD", notes, psd.dpi)


def read_painted(data: bytes, name: str, layer: str | None = None) -> Image:
    """A layer that somebody painted hints on: (H, W, 4) uint8 RGBA, transparent where nothing is meant.

    PictureError also for one without a transparent pixel: a picture, not a layer.
    """
    if sniff(data) == "PSD":
        rgba = Psd(data, name).layer(layer or HINTS)
    else:
        _refuse_layer(layer, name)
        rgba = read_layer(data, name)
    if rgba[..., 3].min() >= 128:
        cure = "save the hints alone, on a transparent layer"
        raise PictureError(f"{name}: no pixel of it is transparent, so it is a picture and no layer of hints; {cure}")
    return rgba


def _refuse_layer(layer: str | None, name: str) -> None:
    if layer is not None:
        raise PictureError(f"{name}: no PSD, so it has no layer {layer!r}; take it without :{layer}")
