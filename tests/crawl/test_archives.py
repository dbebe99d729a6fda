"""Archives of all packers: what is a page, what is an episode, what is named and left out."""

import io
import sys
import tarfile
import zipfile

import numpy as np
import pytest
from packers import make_7z, make_rar, make_zip, picture, zip_of_bytes
from PIL import Image

from comicdata.crawl import crawl, open_sources
from comicdata.crawl.sources import archive, containers
from comicdata.images import decode, encode_jpeg

PAGES = [("10.png", picture(3)), ("2.png", picture(2)), ("1.png", picture(1))]
IN_ORDER = [picture(1), picture(2), picture(3)]
INFO = "<ComicInfo><Title>T{n}</Title><Series>{series}</Series><Number>{n}</Number></ComicInfo>"


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def taken(path):
    """{(series, episode): [bytes or why not, ...]} of a source."""
    found = {}
    for source in open_sources(str(path)):
        for episode in source.episodes():
            pages = found[source.key[1], episode.episode_id] = []
            try:
                listed = source.pages(episode)
            except Exception as error:
                pages.append(str(error))
                continue
            for page in listed:
                try:
                    pages.append(source.read(page).body)
                except Exception as error:
                    pages.append(str(error))
    return found


def store(path, out):
    return [one for source in open_sources(str(path)) for one, _ in crawl(source, out, source.episodes())]


def make_tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("make", [make_zip, make_rar, make_7z, make_tar])
@pytest.mark.parametrize("suffix", [".cbz", ".cbr", ".cb7", ".cbt", ""])
def test_content_says_which_archive_it_is_and_never_the_name(tmp_path, make, suffix):
    path = put(tmp_path / f"book{suffix}", make([*PAGES, ("readme.txt", b"Have fun"), ("x/Thumbs.db", b"\xd0\xcf")]))
    assert taken(path) == {("book", "book"): IN_ORDER}


@pytest.mark.parametrize(
    ("make", "name", "cure"),
    [(make_rar, "x.cbr", "comicdata[archives]"), (make_7z, "x.cb7", "comicdata[archives]"), (None, "x.pdf", "[pdf]")],
)
def test_without_the_extra_the_line_says_what_to_install(tmp_path, monkeypatch, make, name, cure):
    for module in ("packed", "pdf"):
        monkeypatch.setitem(sys.modules, f"comicdata.crawl.sources.{module}", None)
    put(tmp_path / "in" / name, make(PAGES) if make else b"%PDF-1.7\n")
    put(tmp_path / "in" / "y.cbz", make_zip(PAGES))
    found = taken(tmp_path / "in")
    assert found["in", "y"] == IN_ORDER
    (why,) = found["in", "x"]
    assert why.startswith(f"{name}: ") and cure in why and "pip install" in why


def test_a_packed_rar_without_a_program_names_one(tmp_path, monkeypatch):
    import rarfile

    def none(*_, **__):
        raise rarfile.RarCannotExec("no tool")

    monkeypatch.setattr(rarfile, "tool_setup", none)
    whole = bytearray(make_rar([("1.png", picture(1))]))
    from comicdata.crawl.sources import packed

    monkeypatch.setattr(packed, "STORED", 0x2F)  # as if it were packed
    ((why,),) = taken(put(tmp_path / "x.cbr", bytes(whole))).values()
    assert "install unrar, unar, 7z or bsdtar" in why


def test_names_in_shift_jis_with_a_backslash_in_a_letter(tmp_path):
    names = ["表.png", "一話ソ.png", "予/01.png", "あ.png"]
    members = [(name.encode("cp932"), picture(k)) for k, name in enumerate(names)]
    assert any(b"\\" in name for name, _ in members)
    (source,) = open_sources(str(put(tmp_path / "x.zip", zip_of_bytes(members))))
    pages = source.pages(source.episodes()[0])
    assert {page.url for page in pages} == {f"x.zip#{name}" for name in names}
    assert {source.read(page).body for page in pages} == {data for _, data in members}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Été 1.png".encode(), "Été 1.png"),
        ("제1화.png".encode("cp949"), "제1화.png"),
        ("第一话 开始.png".encode("gb18030"), "第一话 开始.png"),
        ("ete\x82 1.png".encode("latin-1"), "eteé 1.png"),
        (b"plain 1.png", "plain 1.png"),
    ],
)
def test_names_of_other_machines_are_read_as_meant(tmp_path, raw, text):
    (source,) = open_sources(str(put(tmp_path / "x.zip", zip_of_bytes([(raw, picture())]))))
    (page,) = source.pages(source.episodes()[0])
    assert (page.url, source.read(page).body) == (f"x.zip#{text}", picture())


def test_names_that_are_not_in_the_encoding_they_claim_lose_no_page(tmp_path):
    data = bytearray(zip_of_bytes([("第1話.png".encode("cp932"), picture(1)), (b"2.png", picture(2))]))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset + 1] |= 8  # "this name is UTF-8"
    ((pages),) = taken(put(tmp_path / "x.zip", bytes(data))).values()
    assert sorted(pages) == sorted([picture(1), picture(2)])


def test_backslashes_in_either_table_are_folders(tmp_path):
    members = [(rf"Ch 1\{n}.png".encode(), picture(n)) for n in (1, 2, 10)]
    both = put(tmp_path / "both.cbz", zip_of_bytes(members))
    other = [name.replace(b"\\", b"/") for name, _ in members]
    mixed = put(tmp_path / "mixed.cbz", zip_of_bytes(members, local=other))
    turned = put(
        tmp_path / "turned.cbz",
        zip_of_bytes([(name.replace(b"\\", b"/"), data) for name, data in members], local=[n for n, _ in members]),
    )
    for path in (both, mixed, turned):
        (source,) = open_sources(str(path))
        pages = source.pages(source.episodes()[0])
        assert [page.url.partition("#")[2] for page in pages] == ["Ch 1/1.png", "Ch 1/2.png", "Ch 1/10.png"]
        assert [source.read(page).body for page in pages] == [picture(n) for n in (1, 2, 10)]


def test_members_of_one_name_and_of_names_alike_are_all_kept(tmp_path):
    names = ["a.png", "a.png", "A.png", "é.png", "e\u0301.png"]
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = make_zip([(name, picture(k)) for k, name in enumerate(names)])
    path = put(tmp_path / "x.cbz", data)
    ((pages),) = taken(path).values()
    assert sorted(pages) == sorted(picture(k) for k in range(5))
    (record,) = store(path, tmp_path / "out")
    assert record.status == "ok" and len({image.url for image in record.images}) == 5
    assert [(tmp_path / "out/local/x/x" / one.file_name).read_bytes() for one in record.images] == pages


def test_an_archive_of_archives_has_an_episode_for_each(tmp_path):
    books = [(f"Toon {n}.cbz", make_zip([("1.png", picture(n)), ("2.png", picture(n + 10))])) for n in (10, 2)]
    path = put(tmp_path / "all.zip", make_zip([*books, ("licence.txt", b"CC0"), ("deep/Toon 3.cbr", make_rar(PAGES))]))
    assert taken(path) == {
        ("all", "all-deep-toon-3"): IN_ORDER,
        ("all", "all-toon-2"): [picture(2), picture(12)],
        ("all", "all-toon-10"): [picture(10), picture(20)],
    }


def test_one_level_deeper_is_named(tmp_path):
    inner = make_zip([("1.png", picture(1)), ("again.cbz", make_zip(PAGES))])
    (record,) = store(put(tmp_path / "all.zip", make_zip([("in.cbz", inner)])), tmp_path / "out")
    assert record.status == "partial" and len(record.images) == 1
    ((url, why),) = record.missing
    assert url == "all.zip#in.cbz#again.cbz" and "ZIP archive in place of a picture" in why


def test_a_damaged_archive_in_an_archive_is_one_failed_episode(tmp_path):
    good = make_zip(PAGES)
    path = put(tmp_path / "all.zip", make_zip([("1.cbz", good), ("2.cbz", b"PK, and no more"), ("3.cbz", good)]))
    records = store(path, tmp_path / "out")
    assert [record.status for record in records] == ["ok", "failed", "ok"]
    assert "all.zip#2.cbz: cannot be read as a ZIP archive" in records[1].reason


def test_pages_in_folders_of_an_archive_are_one_episode_in_order(tmp_path):
    """As a reader shows it; folders that say of themselves what they are, are episodes."""
    names = ["cover.png", "Ch 10/1.png", "Ch 2/10.png", "Ch 2/9.png"]
    path = put(tmp_path / "x.cbz", make_zip([(name, picture(k)) for k, name in enumerate(names)]))
    assert taken(path) == {("x", "x"): [picture(3), picture(2), picture(1), picture(0)]}


def test_folders_with_a_comic_info_each_are_episodes(tmp_path):
    members = [(f"Ch {n}/{k}.png", picture(10 * n + k)) for n in (2, 1) for k in (2, 1)]
    members += [(f"Ch {n}/ComicInfo.xml", INFO.format(n=n, series="S")) for n in (1, 2)]
    path = put(tmp_path / "x.cbz", make_zip(members))
    assert taken(path) == {("s", f"e{n}"): [picture(10 * n + 1), picture(10 * n + 2)] for n in (1, 2)}


def test_a_book_of_folders_with_one_comic_info_inside_stays_one(tmp_path):
    members = [
        *((f"Ch 1/{name}", data) for name, data in PAGES),
        ("Ch 1/x/ComicInfo.xml", INFO.format(n=7, series="S")),
    ]
    assert taken(put(tmp_path / "x.cbz", make_zip(members))) == {("s", "e7"): IN_ORDER}


def test_archives_that_name_several_series_are_several(tmp_path):
    for n, series in ((1, "Aria"), (2, "Bolt"), (3, "Aria")):
        info = ("ComicInfo.xml", INFO.format(n=n, series=series))
        put(tmp_path / "in" / f"{n}.cbz", make_zip([("1.png", picture(n)), info]))
    put(tmp_path / "in" / "4.cbz", make_zip([("1.png", picture(4))]))
    assert {key: len(pages) for key, pages in taken(tmp_path / "in").items()} == {
        ("aria", "e1"): 1,
        ("aria", "e3"): 1,
        ("bolt", "e2"): 1,
        ("in", "e4"): 1,
    }


def test_one_bad_member_is_one_failure(tmp_path):
    zeros = bytes(30_000_000)
    members = [("1.png", picture(1)), ("2.png", zeros), ("../3.png", picture(3)), ("4.png", picture(4)), ("5.png", b"")]
    data = bytearray(make_zip(members, method=zipfile.ZIP_DEFLATED))
    where = data.index(b"4.png") + 60
    data[where : where + 20] = b"\xff" * 20
    path = put(tmp_path / "x.cbz", bytes(data))
    (record,) = store(path, tmp_path / "out")
    assert [image.url for image in record.images] == ["x.cbz#1.png"] and record.status == "partial"
    why = {url.partition("#")[2]: reason for url, reason in record.missing}
    assert why.keys() == {"2.png", "../3.png", "4.png", "5.png"}
    assert "compressed more than 200 times" in why["2.png"] and "points outside" in why["../3.png"]
    assert why["5.png"].endswith("empty")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_that_was_cut_keeps_the_pages_before_the_cut(tmp_path, method, caplog):
    whole = make_zip([(f"{n}.png", picture(n)) for n in (1, 2, 3)], method=method)
    third, table = whole.index(b"PK\x03\x04", whole.index(b"2.png")), whole.index(b"PK\x01\x02")
    cuts = {whole[: third + 900]: ["3.png"], whole[:third]: ["what follows"], whole[: table + 20]: [], whole[:-5]: []}
    for k, (data, lost) in enumerate(cuts.items()):
        (record,) = store(put(tmp_path / str(k) / "x.cbz", data), tmp_path / "out" / str(k))
        assert [url.partition("#")[2] for url, _ in record.missing] == lost
        kept = [(tmp_path / "out" / str(k) / "local/x/x" / one.file_name).read_bytes() for one in record.images]
        assert kept == [picture(n) for n in (1, 2, 3)][: 3 - len(lost)]
    assert caplog.text.count("x.cbz: its table is missing or damaged; read member by member") >= 4


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK no archive", make_zip([]), make_zip([("a.txt", b"x")])])
def test_an_archive_without_a_picture_is_a_failed_episode_that_says_so(tmp_path, data):
    (record,) = store(put(tmp_path / "x.cbz", data), tmp_path / "out")
    assert record.status == "failed" and record.reason.startswith("x.cbz: ")


def test_blank_pages_are_no_bombs(tmp_path):
    """A white BMP is packed a thousand times, and is a page."""
    buffer = io.BytesIO()
    Image.new("RGB", (1000, 1400), "white").save(buffer, "BMP")
    path = put(tmp_path / "x.cbz", make_zip([("1.bmp", buffer.getvalue())], method=zipfile.ZIP_DEFLATED))
    ((pages),) = taken(path).values()
    assert pages == [buffer.getvalue()]


def test_a_7z_with_a_damaged_member_keeps_what_comes_out_whole(tmp_path):
    data = bytearray(make_7z([(f"{n}.png", picture(n, (200, 200))) for n in range(4)]))
    data[len(data) * 2 // 3] ^= 0xFF
    (record,) = store(put(tmp_path / "x.cb7", bytes(data)), tmp_path / "out")
    assert record.status == "partial" and record.images and len(record.images) + len(record.missing) == 4
    for image in record.images:
        number = int(image.url[-5])
        assert (tmp_path / "out/local/x/x" / image.file_name).read_bytes() == picture(number, (200, 200))


def test_a_rar_with_a_damaged_member_keeps_the_others(tmp_path):
    data = bytearray(make_rar(PAGES))
    where = data.index(b"2.png") + 100
    data[where] ^= 0xFF
    (record,) = store(put(tmp_path / "x.cbr", bytes(data)), tmp_path / "out")
    assert record.status == "partial" and [url for url, _ in record.missing] == ["x.cbr#2.png"]


def test_an_encrypted_7z_says_so(tmp_path):
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", password="p") as whole:
        whole.writestr(picture(), "1.png")
    ((why,),) = taken(put(tmp_path / "x.cb7", buffer.getvalue())).values()
    assert "encrypted" in why or "assword" in why


def test_a_7z_whose_names_are_encrypted_is_one_failure(tmp_path):
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", password="p", header_encryption=True) as whole:
        whole.writestr(picture(), "1.png")
    put(tmp_path / "in" / "1.cb7", buffer.getvalue())
    put(tmp_path / "in" / "2.cb7", make_7z(PAGES))
    found = taken(tmp_path / "in")
    assert found["in", "e2"] == IN_ORDER
    assert "1.cb7: " in found["in", "e1"][0] and "encrypted" in found["in", "e1"][0]


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf<?xml version='1.0'?><ComicInfo><Title>T</Title><Number>3</Number></ComicInfo>",
        b"\n\n  <?xml version='1.0' encoding='utf-8'?>\n<ComicInfo><Title>T</Title><Number>3</Number></ComicInfo>",
        "<?xml version='1.0' encoding='UTF-8'?><ComicInfo><Title>T</Title><Number>3</Number>"
        "<Writer>é</Writer></ComicInfo>".encode("latin-1"),
        b"<ComicInfo><Title>T</Title><Number>3</Number><Summary>Cats & dogs &amp; birds &copy</Summary></ComicInfo>",
        "<?xml version='1.0' encoding='utf-16'?><ComicInfo><Title>T</Title><Number>3</Number></ComicInfo>".encode(
            "utf-16"
        ),
        b"<ComicInfo xmlns='http://x'><Title>T</Title><Number>3</Number></ComicInfo>",
        b"<ComicInfo><!-- x --><Title>T</Title><Number>3</Number></ComicInfo>\0",
    ],
)
def test_comic_info_as_programs_write_it(tmp_path, text):
    path = put(tmp_path / "x.cbz", make_zip([*PAGES, ("deep/in/COMICINFO.XML", text)]))
    (source,) = open_sources(str(path))
    assert [(one.episode_id, one.title) for one in source.episodes()] == [("e3", "T")]


def test_comic_info_that_is_no_xml_is_left_out_with_a_word(tmp_path, caplog):
    path = put(tmp_path / "x.cbz", make_zip([*PAGES, ("ComicInfo.xml", b"<ComicInfo><Title>broken")]))
    assert taken(path) == {("x", "x"): IN_ORDER}
    assert "x.cbz: its ComicInfo.xml is left out: no XML" in caplog.text


def make_pdf(pictures, **options):
    buffer = io.BytesIO()
    pictures[0].save(buffer, "PDF", save_all=True, append_images=pictures[1:], **options)
    return buffer.getvalue()


def test_a_pdf_of_pictures_gives_the_very_jpeg_of_each_page(tmp_path):
    art = [np.random.default_rng(n).integers(0, 256, (40, 30, 3), dtype=np.uint8) for n in range(3)]
    jpegs = [encode_jpeg(one) for one in art]
    path = put(tmp_path / "book.pdf", make_pdf([Image.open(io.BytesIO(data)) for data in jpegs]))
    ((pages),) = taken(path).values()
    assert len(pages) == 3 and all(data[:2] == b"\xff\xd8" for data in pages)
    for data, one in zip(pages, art, strict=True):
        assert decode(data, "x").shape == (40, 30, 3)
        assert np.abs(decode(data, "x").astype(int) - one).mean() < 60  # noise through JPEG
    (record,) = store(path, tmp_path / "out")
    assert record.status == "ok" and [one.file_name for one in record.images] == ["0001.jpg", "0002.jpg", "0003.jpg"]


def test_a_pdf_page_that_is_grey_or_black_and_white_keeps_its_pixels(tmp_path):
    bits = (np.random.default_rng(1).integers(0, 2, (48, 32)) * 255).astype(np.uint8)
    palette = Image.fromarray(bits).convert("P")
    ((page,),) = taken(put(tmp_path / "book.pdf", make_pdf([palette]))).values()
    assert (decode(page, "x")[..., 0] == bits).all()


def test_a_page_that_is_no_single_picture_is_drawn(tmp_path):
    drawing = b"1 0 0 rg 0 0 100 50 re f"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<<>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj" % number + body + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += (
        b"xref\n0 5\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)
    )
    ((page,),) = taken(put(tmp_path / "x.pdf", data)).values()
    rgb = decode(page, "x")
    assert rgb.shape[0] == rgb.shape[1] >= 200
    assert rgb[-10, 10].tolist() == [255, 0, 0] and rgb[10, 10].tolist() == [255, 255, 255]


def test_what_else_lies_in_an_archive_is_said_or_is_no_failure(tmp_path, caplog):
    more = [("LICENSE", b"CC0"), ("README.md", b"x"), ("info.json", b"{}"), ("1.psd", b"8BPS\0\1" + bytes(60))]
    (record,) = store(put(tmp_path / "x.cbz", make_zip([*PAGES, *more, ("__MACOSX/._1.png", b"x")])), tmp_path / "out")
    assert (record.status, len(record.images), caplog.text) == ("ok", 3, "")
    more = [("print.pdf", b"%PDF-1.4"), ("fonts.zip", make_zip([("a.ttf", b"x")]))]
    (record,) = store(put(tmp_path / "y.cbz", make_zip([*PAGES, *more])), tmp_path / "out")
    assert (record.status, len(record.images)) == ("ok", 3)
    assert "y.cbz#print.pdf: a PDF beside" in caplog.text and "y.cbz#fonts.zip: an archive among" in caplog.text


def test_office_files_are_no_archives(tmp_path):
    put(tmp_path / "in" / "script.docx", make_zip([("[Content_Types].xml", b"<x/>"), ("word/media/1.png", picture())]))
    put(tmp_path / "in" / "1.png", picture(1))
    assert taken(tmp_path / "in") == {("in", "in"): [picture(1)]}


@pytest.mark.parametrize("make", [make_rar, make_7z, make_tar])
@pytest.mark.parametrize("step", range(7))
def test_no_damage_ends_in_anything_but_a_line(tmp_path, make, step):
    whole = bytearray(make(PAGES))
    place = len(whole) * step // 7
    for data in (whole[:place] + whole[place + 9 :], whole[:place], whole[:place] + b"\xff" * 20 + whole[place + 20 :]):
        path = put(tmp_path / "x.cbr", bytes(data))
        for book in archive.read_books(path, "x.cbr"):
            reader = archive.MemberReader()
            for label, address in book.pages:
                try:
                    reader.read(path, address, label)
                except archive.PictureError as error:
                    assert "\n" not in str(error)


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "MAX_MEMBERS", 2)
    ((why,),) = taken(put(tmp_path / "x.cbt", make_tar(PAGES))).values()
    assert "members; the limit is 2" in why
