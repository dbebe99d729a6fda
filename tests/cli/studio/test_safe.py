"""Who gets an answer, and what the answers tell a browser: each rule of docs/studio.md by itself."""

import random

import pytest
from studios import outside

from comicdata.cli.main import run
from comicdata.cli.studio.guard import LARGEST_BODY

PATHS = ["/", "/colour", "/api/project", "/static/colour.js", "/api/pages/p000000000000", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_there_is_nothing(studio, path):
    for client in (outside(studio.guard), outside(studio.guard, cookie=f"{studio.guard.cookie}=wrong")):
        for query in ("", "?token=", "?token=wrong"):
            found = client.get(path + query)
            assert found.status_code == 403 and "comicdata studio printed" in found.text


def test_the_token_is_said_once_and_then_a_cookie(studio):
    client = outside(studio.guard)
    entered = client.get(f"/?token={studio.guard.token}")
    assert entered.status_code == 303 and entered.headers["location"] == "/"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and studio.guard.cookie.endswith("8123")
    assert client.get("/colour").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8123", "127.0.0.1", "127.0.0.1:8124", "localhost.evil:8123"]
)
def test_a_wrong_host_is_refused(studio, host):
    found = studio.client.get("/api/project", headers={"host": host})
    assert (found.status_code, found.text) == (400, "wrong Host")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8124", "https://127.0.0.1:8123"])
def test_a_foreign_origin_is_refused(studio, origin):
    for method in ("GET", "POST", "DELETE"):
        found = studio.client.request(method, "/api/project", headers={"origin": origin})
        assert (found.status_code, found.text) == (403, "foreign Origin")


def test_who_changes_something_says_where_he_comes_from(studio):
    client = outside(studio.guard)
    client.cookies.set(studio.guard.cookie, studio.guard.token)
    assert client.get("/api/project").status_code == 200
    assert client.post("/api/sample").status_code == 403


@pytest.mark.parametrize("path", ["/colour", "/static/colour.js", "/api/project", "/nothing"])
def test_every_answer_says_what_a_browser_may_do(studio, path):
    for client in (studio.client, outside(studio.guard)):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert (
            policy.startswith("default-src 'self';") and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer" and headers["cache-control"] == "no-store"


def test_uploads_are_capped_whatever_they_say_of_their_length(studio, png):
    stated = studio.client.post("/api/pages", content=b"x", headers={"content-length": str(LARGEST_BODY + 1)})
    in_parts = studio.client.post("/api/pages", content=(bytes(1 << 20) for _ in range(LARGEST_BODY // (1 << 20) + 1)))
    assert [one.status_code for one in (stated, in_parts)] == [413, 413]
    assert len(studio.add(png)) == 1


@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"<html>", b"", b"%!PS"]
)
def test_what_is_no_picture_is_said_in_one_line_and_not_kept(studio, data):
    found = studio.json("POST", "/api/pages?name=<b>.svg", data)
    assert found.status_code == 422 and "\n" not in found.json()["error"]
    assert not (studio.folder / "pages").exists()


@pytest.mark.parametrize("name", ["../../evil.png", "/etc/evil.png", "..\\evil.png", "con.png", "a\0b.png", "x" * 400])
def test_names_of_uploads_are_no_paths(studio, png, name):
    from urllib.parse import quote

    studio.add(png, quote(name))
    (kept,) = (studio.folder / "pages").iterdir()
    assert kept.resolve().parent == (studio.folder / "pages").resolve() and kept.read_bytes() == png
    assert {path.name for path in studio.folder.parent.iterdir()} == {"studio"}


@pytest.mark.parametrize("count", [80, pytest.param(1000, marks=pytest.mark.slow)])
def test_hostile_uploads_and_ids_leave_it_up(studio, png, count):
    chance = random.Random(5)
    ids = ["../pages", "%2e%2e%2fstudio.json", "p" + "f" * 12, "p0", "%00", "\u202e", "a" * 300, "pages/page.png"]
    (page,) = studio.add(png)
    before = studio.document(page)
    for number in range(count):
        damaged = bytearray(png)
        for _ in range(chance.randint(1, 9)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        cut = bytes(damaged[: chance.randint(1, len(damaged))])
        way = number % 4
        if way == 0:
            found = studio.json("POST", "/api/pages?name=x.png", cut)
        elif way == 1:
            found = studio.json(
                "GET", f"/api/pages/{chance.choice(ids)}{chance.choice(['', '/out/png', '/panels/0/piece'])}"
            )
        elif way == 2:
            found = studio.json("POST", f"/api/pages/{page}/changes", cut)
        else:
            found = studio.json("GET", f"/api/moods/{chance.choice(ids)}")
        assert found.status_code < 500, found.text
    assert studio.document(page) == before


def test_another_address_is_said_twice(capsys):
    assert run(["studio", "--host", "0.0.0.0", "--no-browser"]) == 2
    assert "--i-know" in capsys.readouterr().err
