"""Damaged and hostile pictures and archives as sources and inputs. The rule of the file: an intact picture beside a bad
one is still taken, a bad one is named, and nothing of an archive lands outside.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial

from packers import make_7z, make_rar, make_zip, zip_of_bytes
from PIL import Image
from trial import Fault, Place, Scenario
from world import page

from comicdata.images import encode_png

GOOD = encode_png(page(7))


def encoded(kind: str, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(page(8)).save(out, kind, **options)
    return out.getvalue()


def png(width: int, height: int, body: bytes = b"", *, kind: int = 2, depth: int = 8) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def flip(data: bytes, at: float) -> bytes:
    turned = bytearray(data)
    turned[int(at * (len(data) - 1))] ^= 0x10
    return bytes(turned)


WHOLE = {"png": GOOD, "jpg": encoded("JPEG", quality=90), "webp": encoded("WEBP", lossless=True), "gif": encoded("GIF"),
         "bmp": encoded("BMP"), "tif": encoded("TIFF", compression="tiff_lzw")}  # fmt: skip
BAD: dict[str, tuple[str, bytes]] = {
    **{f"{kind} cut at {at}": (kind, data[: int(at * len(data))]) for kind, data in WHOLE.items() for at in (0.1, 0.6)},
    **{f"png, a bit at {at}": ("png", flip(GOOD, at)) for at in (0.003, 0.3, 0.5, 0.7, 0.9)},
    **{f"webp, a bit at {at}": ("webp", flip(WHOLE["webp"], at)) for at in (0.001,)},
    "png of 60,000 by 60,000": ("png", png(60_000, 60_000)),
    "png of 2^31-1 by 1": ("png", png(2**31 - 1, 1)),
    "png of no size": ("png", png(0, 0)),
    "png without its rows": ("png", png(100, 100, bytes(301 * 3))),
    "png of an unknown colour type": ("png", png(10, 10, bytes(400), kind=9)),
    "png that inflates to 300 MB": ("png", png(10, 10, bytes(300_000_000))),
    "empty": ("png", b""),
    "NUL bytes": ("jpg", bytes(5000)),
    "text": ("png", b"<html>sorry</html>"),
    "a script in an SVG": ("png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
    "an icon": ("png", b"\0\0\1\0\1\0" + bytes(40)),
    "PostScript": ("jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
    "an archive": ("png", make_zip([("a.png", GOOD)])),
}
USES = {  # how a folder of pictures is used: arguments, and what may not be said of a bad one
    "crawl": ("crawl", "source", "--out", "out", "--licence", "CC0-1.0"),
    "panels": ("panels", "source", "--out", "out"),
    "colorize": ("colorize", "run", "source", "--out", "out", "--recolor"),
}


def beside(use: str, suffix: str, data: bytes, place: Place) -> None:
    """A bad picture between two good ones of a folder."""
    place.bring("run")
    source = place.work / "source"
    source.mkdir()
    for name in ("001.png", "003.png"):
        (source / name).write_bytes(encode_png(page(int(name[2]))))
    (source / f"002.{suffix}").write_bytes(data)
    place.keep("source", "run")
    ran = place.run(*USES[use], ok=(0, 2, 3) if len(data) > 250_000 else (2, 3))  # more rows than it says are no harm
    if ran.status and use == "crawl":
        stored = [path.read_bytes() for path in (place.work / "out").rglob("*.png")]
        if any((source / name).read_bytes() not in stored for name in ("001.png", "003.png")):
            raise Fault("wrong", f"a good picture beside it is not stored: {ran.said}")
        if data and data in [path.read_bytes() for path in (place.work / "out").rglob("000*")]:
            raise Fault("wrong", f"a damaged picture is stored: {ran.said}")
    if ran.status and "002" not in ran.out + ran.err and use != "crawl":
        raise Fault("wrong", f"the picture is not named: {ran.said}")


NAMES = ("../../../outside/escaped.png", "/tmp/escaped.png", "..\\..\\escaped.png", "C:\\escaped.png", "a\x1b[31m.png",
         "a\nb.png", "x" * 250 + ".png", "con.png", ".hidden.png", "dir/../../../../outside/e.png",
         "a/" * 300 + "a.png",
         "<script>alert(1)</script>.png", "%2e%2e%2fx.png", "\u202egnp.png", "e\u0301.png", "-rf.png", "~/x.png",
         "${HOME}.png", "a;b|c.png", "'\".png")  # fmt: skip
PACKS: dict[str, Callable] = {"cbz": make_zip, "cb7": make_7z, "cbr": make_rar}


def packed(use: str, pack: str, name: str, place: Place) -> None:
    """An archive with a hostile name between good ones."""
    place.bring("run")
    members = [("001.png", GOOD), (name, encode_png(page(5))), ("003.png", encode_png(page(6)))]
    source = place.work / f"source.{pack}"
    source.write_bytes(PACKS[pack](members))
    place.keep(source.name, "run")
    arguments = [source.name if word == "source" else word for word in USES[use]]
    ran = place.run(*arguments, ok=(0, 2, 3, 5))
    if use == "crawl" and ran.status == 0:
        stored = {path.read_bytes() for path in (place.work / "out").rglob("000*")}
        if not {GOOD, members[2][1]} <= stored:
            raise Fault("wrong", f"pictures of the archive are missing: {ran.said}")


def _bomb() -> bytes:
    return make_zip([("001.png", bytes(200_000_000))], method=zipfile.ZIP_DEFLATED)


def _many() -> bytes:
    return make_zip([(f"{n}.txt", b"") for n in range(60_000)])


def _linked() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("001.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "../outside/secret.png")
    return buffer.getvalue()


def _encrypted() -> bytes:
    data = bytearray(make_zip([("001.png", GOOD)]))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _overlapping() -> bytes:
    data = bytearray(make_zip([("001.png", GOOD), ("002.png", encode_png(page(5)))]))
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)
    return bytes(data)


def _info(text: str) -> bytes:
    return make_zip([("001.png", GOOD), ("ComicInfo.xml", text.encode())])


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><ComicInfo><Series>&j;</Series></ComicInfo>"
)
XXE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file://{outside}/secret.txt">]><ComicInfo><Series>&x;</Series></ComicInfo>'
ARCHIVES: dict[str, tuple[Callable[[], bytes], tuple[int, ...]]] = {
    "empty": (lambda: b"", (2, 3, 6)),
    "no member": (lambda: make_zip([]), (2, 3, 6)),
    "cut in the middle": (lambda: make_zip([("001.png", GOOD), ("002.png", GOOD)])[:900], (2, 3, 6)),
    "a flipped bit in a member": (lambda: flip(make_zip([("001.png", GOOD)]), 0.4), (2, 3, 6)),
    "a bomb": (_bomb, (2, 3, 6)),
    "60,000 members": (_many, (2, 3, 6)),
    "a member that is a link": (_linked, (2, 3, 6)),
    "encrypted": (_encrypted, (2, 3, 6)),
    "overlapping members": (_overlapping, (2, 3, 6)),
    "another name before the data": (
        lambda: zip_of_bytes([(b"001.png", GOOD)], local=[b"x/../../y"]), (0, 2, 3, 6)),
    "ComicInfo with a billion laughs": (lambda: _info(LAUGHS), (0, 2, 3, 6)),
    "ComicInfo nested deeply": (lambda: _info("<a>" * 100_000), (0, 2, 3, 6)),
    "ComicInfo with a script": (
        lambda: _info("<ComicInfo><Series>&lt;script&gt;alert(1)&lt;/script&gt;</Series></ComicInfo>"), (0,)),
    "ComicInfo with many digits": (
        lambda: _info(f"<ComicInfo><Series>a</Series><Number>{'9' * 5000}</Number></ComicInfo>"), (0, 2, 3, 6)),
    "ComicInfo that climbs": (
        lambda: _info("<ComicInfo><Series>../../outside</Series><Number>../..</Number></ComicInfo>"), (0, 2, 3, 6)),
    "ComicInfo with an escape sequence": (
        lambda: _info("<ComicInfo><Series>a&#155;31m</Series></ComicInfo>"), (0, 2, 3, 6)),
    "an archive in an archive": (lambda: make_zip([("a.cbz", make_zip([("a.png", GOOD)]))]), (0, 2, 3, 6)),
}  # fmt: skip


def archive(use: str, make: Callable[[], bytes], ok: tuple[int, ...], place: Place) -> None:
    place.bring("run")
    source = place.work / "source.cbz"
    source.write_bytes(make())
    place.keep("source.cbz", "run")
    place.run(*("source.cbz" if word == "source" else word for word in USES[use]), ok=ok)


def entity(use: str, place: Place) -> None:
    archive(use, lambda: _info(XXE.format(outside=place.outside)), (0, 2, 3, 6), place)


def alike(names: tuple[str, ...], place: Place) -> None:
    """Names that look alike: every picture of the archive is stored, each once, whole."""
    members = [(name, encode_png(page(20 + number))) for number, name in enumerate(names)]
    (place.work / "source.cbz").write_bytes(make_zip(members))
    ran = place.run("crawl", "source.cbz", "--out", "out", "--licence", "CC0-1.0", ok=(0, 2, 3))
    stored = [path.read_bytes() for path in (place.work / "out").rglob("000*")]
    if ran.status == 0 and sorted(stored) != sorted(data for _, data in members):
        raise Fault("wrong", f"{len(stored)} of {len(members)} pictures stored: {ran.said}")


ALIKE = (("a.png", "A.png"), ("\u00e9.png", "e\u0301.png"), ("a b.png", "a-b.png"), ("1.png", "01.png", "001.png"),
         ("a.png", "a.PNG"), ("x/1.png", "X/1.png"), ("a!.png", "a?.png"), ("\u2126.png", "\u03a9.png"))  # fmt: skip


def scenarios() -> Iterator[Scenario]:
    for use in USES:
        for label, (suffix, data) in BAD.items():
            yield Scenario("pictures", f"{label}: {use}", partial(beside, use, suffix, data))
    for number, name in enumerate(NAMES):
        for pack in PACKS:
            if pack == "cb7" and (".." in name or name.startswith("/")):
                continue  # its packer refuses them
            use = ("crawl", "colorize", "panels")[(number + len(pack)) % 3] if pack == "cbz" else "crawl"
            yield Scenario("archives", f"{pack} with {name!r:.40}: {use}", partial(packed, use, pack, name))
        yield Scenario("archives", f"cbz with {name!r:.40}: all", partial(packed, "colorize", "cbz", name))
    for label, (make, ok) in ARCHIVES.items():
        for use in USES:
            expected = (*ok, 0) if label.startswith("ComicInfo") else ok
            yield Scenario("archives", f"archive: {label}: {use}", partial(archive, use, make, expected))
    for use in USES:
        yield Scenario("archives", f"archive: an external entity: {use}", partial(entity, use))
    for names in ALIKE:
        yield Scenario("archives", f"names alike: {names!r}", partial(alike, names))
