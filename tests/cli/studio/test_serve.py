"""The command itself: one line, a server that keeps a project for itself, a gentle end."""

import json
import socket
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest
from browsers import served

from comicdata.cli.main import run


def test_it_serves_one_project_until_it_is_interrupted(tmp_path, capsys):
    out = tmp_path / "out"
    with served(out) as url:
        inside = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        assert b"comicdata studio" in inside.open(url).read()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(url.partition("?")[0])
        assert run(["studio", "--out", str(out), "--no-browser"]) == 7
        assert "another comicdata run works here" in capsys.readouterr().err
        port = url.split(":")[2].partition("/")[0]
        assert run(["studio", "--out", str(tmp_path / "other"), "--port", port, "--no-browser"]) == 2
        assert "cannot be listened at" in capsys.readouterr().err


def test_a_project_is_opened_with_the_run_of_last_time(tmp_path, small_run):
    out = tmp_path / "out"
    for arguments in ([small_run], []):
        with served(out, *arguments) as url:
            inside = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
            inside.open(url)
            project = json.loads(inside.open(url.partition("?")[0] + "api/project").read())
            assert [run["id"] for run in project["runs"]] == ["small"]


def test_it_listens_at_this_machine_alone(tmp_path):
    with served(tmp_path / "out") as url:
        port = int(url.split(":")[2].partition("/")[0])
        with socket.socket() as other, pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", port))


@pytest.mark.parametrize("words", [["nowhere"], ["--pairs", "nowhere"], ["--open", "nowhere"]])
def test_what_is_not_there_is_said_before_anything_is_served(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["studio", *words, "--no-browser"]) == 2
    assert "nowhere" in capsys.readouterr().err
