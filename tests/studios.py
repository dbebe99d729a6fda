"""A studio without its socket: the application behind its guard, on a project of its own."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ORIGIN = "http://127.0.0.1:8123"


@dataclass
class Studio:
    """`client` is inside: it has the cookie, and says where it comes from."""

    client: object
    guard: object
    folder: Path
    run: Path

    def json(self, method, path, value=None):
        body = json.dumps(value) if isinstance(value, dict) else value
        return self.client.request(method, path, content=body)

    def add(self, data, name="page.png"):
        found = self.json("POST", f"/api/pages?name={name}", data)
        assert found.status_code == 200, found.text
        return found.json()["pages"]

    def document(self, page):
        return self.json("GET", f"/api/pages/{page}").json()

    def change(self, page, change, version=None):
        version = self.document(page)["version"] if version is None else version
        return self.json("POST", f"/api/pages/{page}/changes", {"version": version, "change": change})

    def pixels(self, path):
        """What the server says of a picture, and the bytes behind it."""
        found = self.json("GET", path)
        assert found.status_code == 200, found.text
        length = int.from_bytes(found.content[:4], "little")
        return json.loads(found.content[4 : 4 + length]), np.frombuffer(found.content, np.uint8, offset=4 + length)


def outside(guard, **headers):
    """Somebody without a cookie."""
    from starlette.testclient import TestClient

    return TestClient(guard, ORIGIN, headers=headers, follow_redirects=False)


def open_studio(folder, *runs, pairs=None):
    from comicdata.cli.studio.app import make_app
    from comicdata.cli.studio.guard import Guard
    from comicdata.cli.studio.project import Project
    from comicdata.cli.studio.trained import find_runs

    found = find_runs(runs, "cpu")
    project = Project(folder)
    project.use(found)
    guard = Guard(make_app(project, found, pairs), (ORIGIN,))
    client = outside(guard, origin=ORIGIN)
    client.cookies.set(guard.cookie, guard.token)
    return Studio(client, guard, folder, runs[0] if runs else None)
