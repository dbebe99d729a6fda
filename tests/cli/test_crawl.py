"""`comicdata crawl` as a user types it, against sites on the loopback address."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from faults import GOOD, NOISE, TRUTH
from loopback import served
from watching import contents

from comicdata.cli.main import run
from comicdata.images import encode_png

LIST = b"<a href=/1/>Part 1</a><a href=/2/>Part 2</a><a href=/3/>Part 3</a>"
PAGES = {f"/{n}/": f"<img src=/{n}.png>".encode() for n in (1, 2, 3)}
SITE = {"/list": LIST, **PAGES, **TRUTH}
OTHER = encode_png(NOISE[0][::-1].copy())


def recipe(folder, name="one"):
    path = folder / f"{name}.toml"
    path.write_text(
        f'[site]\nname = "{name}"\nbase = "http://{name}.example"\ntitle = "Toon {name}"\n'
        'licence = { id = "CC0-1.0" }\n[episodes]\nmode = "list"\nurl = "list"\nitem_css = "a"\n'
        '[images]\ncss = "img"\n'
    )
    return path


class Crawl:
    """Runs the command on sites by name and reads its JSON."""

    def __init__(self, folder, capsys, **bases):
        self.folder, self.capsys, self.bases = folder, capsys, bases
        self.out = folder / "out"
        self.error = ""

    def __call__(self, *options, status=0):
        files = [str(recipe(self.folder, name)) for name in self.bases]
        mirrors = [f"--mirror=http://{name}.example={base}" for name, base in self.bases.items()]
        assert run(["crawl", *files, *mirrors, "--out", str(self.out), "--json", *options]) == status
        captured = self.capsys.readouterr()
        self.error = captured.err
        return json.loads(captured.out)

    def episode(self, number):
        return json.loads((self.out / "one" / "toon-one" / f"e{number:03d}" / "episode.json").read_text())


def statuses(document):
    return [[one["status"] for one in series["episodes"]] for series in document["series"]]


def test_two_hosts_are_crawled_side_by_side(tmp_path, capsys):
    def slow(handler):
        time.sleep(0.5)
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD)

    site = {**SITE, "/2.png": slow}
    with served(dict(site)) as (one, _), served(dict(site)) as (two, _):
        crawl = Crawl(tmp_path, capsys, one=one, two=two)
        document = crawl()
    assert statuses(document) == [["ok"] * 3] * 2
    assert document["requests"] == 2 * (2 + 1 + 3 + 3)
    assert "one/toon-one" in crawl.error and "two/toon-two" in crawl.error and "size" in crawl.error
    index = [json.loads(line) for line in (crawl.out / "index.jsonl").read_text().splitlines()]
    assert [(row["source"], row["episode_id"]) for row in index] == [
        (name, f"e00{n}") for name in ("one", "two") for n in (1, 2, 3)
    ]


def test_one_broken_site_does_not_stop_the_other(tmp_path, capsys):
    with served({}) as (one, _), served(dict(SITE)) as (two, _):
        document = Crawl(tmp_path, capsys, one=one, two=two)(status=4)
    assert "status 404" in document["series"][0]["error"] and statuses(document)[1] == ["ok"] * 3


def test_update_finds_new_episodes_and_a_plain_run_asks_nothing(tmp_path, capsys):
    site = {**SITE, "/list": LIST[: LIST.index(b"<a href=/3/")]}
    with served(site) as (base, seen):
        crawl = Crawl(tmp_path, capsys, one=base)
        assert statuses(crawl()) == [["ok"] * 2]
        site["/list"] = LIST
        seen.clear()
        assert crawl()["requests"] == 0 and not seen and "nothing new to do" in crawl.error
        assert statuses(crawl("--update")) == [["ok"] * 3]
        assert "/1.png" not in {path for path, _ in seen}


def test_refresh_keeps_the_old_picture_beside_the_changed_one_and_deletes_nothing(tmp_path, capsys):
    def conditional(body, etag):
        def answer(handler):
            same = handler.headers.get("If-None-Match") == etag
            status, data = ("304 Not Modified", b"") if same else ("200 OK", body)
            handler.wfile.write(f"HTTP/1.0 {status}\r\nETag: {etag}\r\n\r\n".encode() + data)

        return answer

    site = {**SITE, "/1.png": conditional(TRUTH["/1.png"], '"a"'), "/2.png": conditional(GOOD, '"b"')}
    with served(site) as (base, seen):
        crawl = Crawl(tmp_path, capsys, one=base)
        crawl()
        before = crawl.episode(1)
        site |= {"/2.png": conditional(OTHER, '"c"'), "/3/": (404, {}, b"")}
        seen.clear()
        assert statuses(crawl("--refresh")) == [["ok"] * 3]
    assert crawl.episode(1) == before and before["images"][0]["etag"] == '"a"'
    changed = crawl.episode(2)
    folder = crawl.out / "one" / "toon-one" / "e002"
    (new,), (old,) = changed["images"], changed["earlier"]
    assert (folder / new["file_name"]).read_bytes() == OTHER and (folder / old["file_name"]).read_bytes() == GOOD
    assert new["file_name"] == f"0001-{new['sha256'][:8]}.png" and old["file_name"] == "0001.png"
    assert crawl.episode(3)["status"] == "ok" and "e003 stays as it is" in crawl.error
    assert run(["verify", str(crawl.out)]) == 0


@pytest.mark.parametrize(
    "answer", [(404, {}, b""), b"<html>", (200, {"X-Robots-Tag": "noai"}, TRUTH["/3.png"]), TRUTH["/3.png"][:-50]]
)
def test_a_refresh_that_does_not_get_all_leaves_the_episode_and_nothing_else(answer, tmp_path, capsys):
    site = {**SITE, "/1/": b"<img src=/1.png><img src=/2.png>"}
    with served(site) as (base, _):
        crawl = Crawl(tmp_path, capsys, one=base)
        crawl()
        before = contents(crawl.out)
        site |= {"/1.png": OTHER, "/2.png": answer}
        crawl("--refresh", "--episodes", "1")
    assert contents(crawl.out) == before and run(["verify", str(crawl.out), "-q"]) == 0


def test_what_was_refused_is_asked_again_only_on_demand(tmp_path, capsys):
    site = {**SITE, "/2/": (404, {}, b""), "/3.png": (500, {}, b"")}
    with served(site) as (base, seen):
        crawl = Crawl(tmp_path, capsys, one=base)
        assert statuses(crawl(status=3)) == [["ok", "removed", "failed"]]
        site |= SITE
        seen.clear()
        assert statuses(crawl("--retry-failed", "--episodes", "3")) == [["ok"]]
        assert statuses(crawl()) == [["ok", "removed", "ok"]]
        assert statuses(crawl("--retry-failed")) == [["ok"]] and crawl.episode(2)["status"] == "ok"
        assert statuses(crawl("--retry-failed")) == [[]]
    assert "/1/" not in {path for path, _ in seen}
    assert not (crawl.out / "failures.jsonl").read_text()


def test_verify_hashes_and_decodes_without_a_request(tmp_path, capsys):
    with served(dict(SITE)) as (base, seen):
        crawl = Crawl(tmp_path, capsys, one=base)
        crawl()
        seen.clear()
        assert crawl("--verify")["series"][0]["changed"] == []
        (crawl.out / "one" / "toon-one" / "e001" / "0001.png").write_bytes(b"x")
        (crawl.out / "one" / "toon-one" / "e002" / "0001.png").unlink()
        found = crawl("--verify", status=6)["series"][0]
        assert found["changed"] == ["one/toon-one/e001/0001.png"] and found["missing"] == ["one/toon-one/e002/0001.png"]
        assert not seen


def test_a_probe_shows_what_the_selectors_find_and_writes_nothing(tmp_path, capsys):
    with served(dict(SITE)) as (base, seen):
        crawl = Crawl(tmp_path, capsys, one=base)
        (found,) = crawl("--probe", "--episodes", "2")["series"]
    assert [(one["what"], one["selector"], one["count"]) for one in found["finds"]] == [
        ("episodes", "a", 3),
        ("pictures", "img", 1),
    ]
    assert found["pages"] == ["http://one.example/2.png"] and found["first_picture"] == [48, 48]
    assert not crawl.out.exists() and "/3.png" not in {path for path, _ in seen}


def test_a_dry_run_counts_and_writes_nothing(tmp_path, capsys):
    with served(dict(SITE)) as (base, _):
        crawl = Crawl(tmp_path, capsys, one=base)
        assert statuses(crawl("--dry-run")) == [["planned"] * 3] and not crawl.out.exists()
        crawl("--episodes", "1")
        assert statuses(crawl("--dry-run")) == [["ok", "planned", "planned"]] and "2 planned" in crawl.error


def test_a_dry_run_shows_people_the_plan(tmp_path, capsys):
    listing = b"<a href=/1/>Ep. 1</a><a href=/2/>(S2) Ep. 1</a><a href=/3/>Bonus</a>"
    with served({**SITE, "/list": listing}) as (base, _):
        crawl = Crawl(tmp_path, capsys, one=base)
        (series,) = crawl("--dry-run")["series"]
        assert [(one["episode_id"], one["number"], one["season"], one["title"]) for one in series["episodes"]] == [
            ("e001", "1", "", "Ep. 1"),
            ("s2-e001", "1", "2", "(S2) Ep. 1"),
            ("bonus", "", "", "Bonus"),
        ]
        words = crawl.error.split()
        assert {"s2-e001", "(S2)", "bonus", "planned"} <= set(words) and "nothing written" in crawl.error
        assert statuses(crawl("--dry-run", "--episodes", "s2:1")) == [["planned"]]
        assert statuses(crawl("--dry-run", "--episodes", "1,99")) == [["planned"] * 2]
        assert "one/toon-one: --episodes 99 names none of its episodes; there are 1, bonus, s2:1" in crawl.error
        assert crawl("--dry-run", "--episodes", "2", status=2)["series"][0]["episodes"] == []
        assert "there are 1, bonus, s2:1" in crawl.error


@pytest.mark.parametrize(
    ("pattern", "number"),
    [("-1", "-1"), ("\u00bd", "1/2"), ("1/2", "1/2"), ("10.5", "10.5"), ("010.50", "10.5"), ("5", "5")],
)
def test_odd_numbers_name_one_episode_each(tmp_path, capsys, pattern, number):
    rows = [f"<a href=/{n}/>Ep. {text}</a>" for n, text in enumerate(["-1", "1/2", "1.5", "5", "10.5", "15"])]
    with served({**SITE, "/list": "".join(rows).encode()}) as (base, _):
        (series,) = Crawl(tmp_path, capsys, one=base)("--dry-run", "--episodes", pattern)["series"]
    assert [one["number"] for one in series["episodes"]] == [number]


def test_a_host_that_refuses_is_left_alone_and_the_next_run_goes_on(tmp_path, capsys):
    refusal = (403, {}, b"")
    pictures = b"".join(b"<img src=/%d.png>" % n for n in range(40, 60))
    site = {**SITE, "/1/": pictures, **{f"/{n}.png": refusal for n in range(40, 60)}}
    with served(site) as (base, seen):
        crawl = Crawl(tmp_path, capsys, one=base)
        document = crawl(status=5)
        asked = [path for path, _ in seen if path.endswith(".png")]
        assert 5 <= len(asked) <= 8 and "refuses us" in document["series"][0]["error"]
        assert statuses(document) == [["failed"]] and not (crawl.out / "one" / "toon-one" / "e002").exists()
        site["/1/"] = b"<img src=/1.png>"
        assert statuses(crawl()) == [["ok"] * 3]


def test_overrides_are_recorded(tmp_path, capsys):
    site = {**SITE, "/1.png": (200, {"X-Robots-Tag": "noai"}, TRUTH["/1.png"])}
    with served(site) as (base, _):
        crawl = Crawl(tmp_path, capsys, one=base)
        assert statuses(crawl("--episodes", "1", status=5)) == [["skipped_optout"]]
        assert statuses(crawl("--ignore-optouts", "--update")) == [["ok"] * 3]
    series = json.loads((crawl.out / "one" / "toon-one" / "series.json").read_text())
    assert series["overrides"] == ["ignore_optouts"] and series["opt_outs"] == ["X-Robots-Tag: noai"]


def test_pictures_that_come_again_are_noted(tmp_path, capsys):
    site = {**SITE, **{f"/{n}/": f"<img src=/{n}.png><img src=/card.png>".encode() for n in (1, 2, 3)}}
    with served({**site, "/card.png": OTHER}) as (base, _):
        crawl = Crawl(tmp_path, capsys, one=base)
        crawl()
    (recurring,) = json.loads((crawl.out / "one" / "toon-one" / "series.json").read_text())["recurring"].items()
    assert recurring == (crawl.episode(1)["images"][1]["sha256"], ["e001", "e002", "e003"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--mirror", "https://a.example"], "two origins are expected"),
        (["--pause", "0"], "0.2<=x<=120"),
        (["--episodes", "99"], "names none of its episodes"),
    ],
)
def test_mistakes(options, words, tmp_path, capsys):
    with served(dict(SITE)) as (base, _):
        arguments = [
            "crawl",
            str(recipe(tmp_path)),
            "--mirror",
            f"http://one.example={base}",
            "--out",
            str(tmp_path / "o"),
        ]
        assert run([*arguments, *options]) == 2
    assert words in capsys.readouterr().err


def test_ctrl_c_ends_at_once_and_the_same_command_goes_on(tmp_path, capsys):
    def never(handler):
        os.kill(child[0].pid, signal.SIGINT)
        time.sleep(3)

    child = []
    site = {**SITE, "/2.png": [never, GOOD]}
    with served(site) as (base, _):
        arguments = [
            "crawl",
            str(recipe(tmp_path)),
            "--mirror",
            f"http://one.example={base}",
            "--out",
            str(tmp_path / "out"),
        ]
        heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # ignored in a shell's job
        code = f"{heard}; from comicdata.cli.main import main; main()"
        start = time.monotonic()
        child.append(subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=tmp_path, stderr=subprocess.PIPE))
        error = child[0].communicate(timeout=30)[1].decode()
        assert child[0].returncode == 130 and "the same command goes on" in error
        assert time.monotonic() - start < 20
        assert statuses(Crawl(tmp_path, capsys, one=base)()) == [["ok"] * 3]
