"""What a picture of ours says of itself in its metadata, and whether one is ours: bytes alone, no pixel is decoded."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import escape, unescape
from zlib import crc32

from comicdata.formats import chunk, sniff

PROGRAM = "comicdata"
PNG_START = b"\x89PNG\r\n\x1a\n"
# What the IPTC calls a picture that a trained model made.
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
XMP_IN_PNG, XMP_IN_JPEG = b"XML:com.adobe.xmp\0", b"http://ns.adobe.com/xap/1.0/\0"
DIGEST = b"comicdata-sha256"  # of the pixels as they are compressed
MAX_TEXT = 1_000_000  # bytes of a text chunk that is looked into; ours are far shorter
# Inside a tag, or between two, as the programs that rewrite XMP put it: what a text says of us is not our mark.
_OURS = re.compile(r"""<[^<>]*\sxmlns:\w+=["']urn:comicdata["']|CreatorTool(?:=["']|>)comicdata (?=[\d<"'])""")
PACKET_START, PACKET_END = b"<x:xmpmeta", b"</x:xmpmeta"


@dataclass(frozen=True)
class Mark:
    """What a picture of ours says of itself: the version, and the run that coloured it: its name, "" where it was
    not said, None where none did.
    """

    version: str
    run: str | None = None

    @property
    def words(self) -> str:
        """Who made the picture, for people."""
        return f"{'made' if self.run is None else 'coloured'} by {PROGRAM} {self.version}".rstrip()

    @property
    def xmp(self) -> bytes:
        """The mark as an XMP packet (ISO 16684-1), the same for the same mark."""
        trained = f' Iptc4xmpExt:DigitalSourceType="{TRAINED}" comicdata:Run="{escape(self.run or "")}"'
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
            ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
            f' xmlns:comicdata="urn:comicdata" xmp:CreatorTool="{PROGRAM} {escape(self.version)}"'
            f'{trained if self.run is not None else ""}/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
        ).encode()


def png_texts(mark: Mark, pixels: bytes) -> bytes:
    """The mark as PNG text chunks (PNG, Third Edition, section 11.3.3): for people, and as XMP for programs.

    The hash of `pixels`, the one chunk of those that follows, tells whether the picture is as it was made.
    """
    words = [("Software", f"{PROGRAM} {mark.version}")]
    if mark.run is not None:
        words += [
            ("Source", "trainedAlgorithmicMedia"),
            ("Comment", f"coloured by the run {mark.run}" if mark.run else "coloured by a run"),
        ]
    words += [(DIGEST.decode(), sha256(pixels).hexdigest())]
    texts = [(name.encode() + b"\0", text.encode()) for name, text in words] + [(XMP_IN_PNG, mark.xmp)]
    return b"".join(chunk(b"iTXt", name + b"\0\0\0\0" + text) for name, text in texts)


def jpeg_texts(mark: Mark) -> dict[str, bytes]:
    """The mark as what Pillow puts into a JPEG."""
    return {"comment": f"{PROGRAM} {mark.version}".encode(), "xmp": mark.xmp}


def made_by(data: bytes) -> Mark | None:
    """What a picture says of being made by comicdata, None for all others; no pixel is decoded.

    Other programs' text, and pictures of other generators, are none of ours.
    """
    for kind, text in _texts(data):
        words = text.decode("utf-8", "replace")
        if kind == "program" and (stated := re.match(rf"{PROGRAM} (\d\S*)", words)):
            return Mark(stated[1])
        if kind == "xmp" and _OURS.search(words):
            version = re.search(rf"""CreatorTool(?:=["']|>){PROGRAM} ([^"'<]*)""", words)
            run = re.search(r"""comicdata:Run(?:="([^"]*)|='([^']*)|>([^<]*))""", words)
            return Mark(unescape(version[1]) if version else "", unescape(run[run.lastindex or 0]) if run else None)
    return None


def is_our_picture(data: bytes) -> bool:
    """Whether a PNG has our mark, and the pixels that it had then."""
    if made_by(data) is None or not data.startswith(PNG_START):
        return False
    chunks = list(_parts(data, 8, ">I4s", 4, most=len(data)))
    pixels = b"".join(body for name, body in chunks if name == b"IDAT")
    stated = [body.rpartition(b"\0")[2] for name, body in chunks if name == b"iTXt" and body.startswith(DIGEST)]
    return stated == [sha256(pixels).hexdigest().encode()]


def is_whole_png(data: bytes) -> bool:
    """Whether every chunk of a PNG has its check sum (PNG, Third Edition, section 5.4), and none is missing."""
    at, name = len(PNG_START), b""
    while data.startswith(PNG_START) and name != b"IEND" and at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 4 : at + 8 + length]
        at += 12 + length
        if len(body) != 4 + length or data[at - 4 : at] != struct.pack(">I", crc32(body)):
            return False
    return name == b"IEND" and at == len(data)


def _texts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """("xmp", packet) and then ("program", words) of a picture's metadata; what is damaged ends it."""
    found: list[tuple[str, bytes]] = []
    if data.startswith(PNG_START):
        for name, body in _parts(data, 8, ">I4s", 4):
            keyword, _, text = body.partition(b"\0")
            if name == b"iTXt" and body.startswith(XMP_IN_PNG + b"\0"):
                found.append(("xmp", text))
            elif name in (b"tEXt", b"iTXt") and keyword == b"Software":
                found.append(("program", text.removeprefix(b"\0\0\0\0")))
    elif data.startswith(b"\xff\xd8"):
        found = list(_texts_of_jpeg(data))
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        swapped = ((name, body) for name, body in _parts(data, 12, "<4sI", 0, even=True))
        found = [("xmp", body) for name, body in swapped if name == b"XMP "]
    elif sniff(data) in ("TIFF", "AVIF", "GIF"):  # where XMP lies plain, for programs that look for its packet
        found = [("xmp", packet) for packet in _packets(data)]
    return iter(sorted(found, key=lambda one: one[0] != "xmp"))


def _packets(data: bytes) -> Iterator[bytes]:
    """The XMP packets that lie plain among other bytes, each looked for from the end of the one before."""
    at = data.find(PACKET_START)
    while at >= 0 and (end := data.find(PACKET_END, at)) >= 0:
        yield data[at : min(end, at + MAX_TEXT)]
        at = data.find(PACKET_START, end)


def _parts(
    data: bytes, at: int, header: str, tail: int, *, even: bool = False, most: int = MAX_TEXT
) -> Iterator[tuple[bytes, bytes]]:
    """(name, body) of the chunks of a PNG or WebP: a length and a name in either order, a body, `tail` more bytes."""
    while at + 8 <= len(data):
        one, other = struct.unpack_from(header, data, at)
        name, length = (one, other) if isinstance(one, bytes) else (other, one)
        yield name, data[at + 8 : at + 8 + length] if length <= most else b""
        at += 8 + length + tail + (length % 2 if even else 0)


def _texts_of_jpeg(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The XMP packets and comments of a JPEG, from the segments before its pixels."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        length = struct.unpack_from(">H", data, at + 2)[0]
        body = data[at + 4 : at + 2 + length]
        if data[at + 1] == 0xE1 and body.startswith(XMP_IN_JPEG):
            yield "xmp", body.removeprefix(XMP_IN_JPEG)
        if data[at + 1] == 0xFE:
            yield "program", body
        at += 2 + length
