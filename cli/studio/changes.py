"""What a person did to a page, as a list of changes that can be taken back: the state is what they come to.

The rule of this file: pure functions of plain values; a change says what was there before, so that it has an inverse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from comicdata.errors import UsageError
from comicdata.flats.hints import marks_from, parse_color

CHOICES: dict[str, Any] = {
    "run": "",  # the id of a run, "" for flats alone
    "layout": "auto",
    "style": None,
    "mood": None,  # a colour, or the id of a kept picture
    "background": None,
    "references": [],  # the ids of kept pictures
    "sample": 0,  # of SAMPLES: 0 is the likeliest
    "follow": True,
    "recolor": False,
    "line_art": False,
}
SAMPLES = 4
MOST_REFERENCES = 12
ALLOWED = {"style": (None, "flats", "soft"), "layout": ("auto", "single")}
Change = dict[str, Any]  # {"hints": [at, removed, added]} or {"choices": {name: [before, after]}}


@dataclass(frozen=True)
class State:
    """Hints as JSON has them, and what is chosen."""

    hints: tuple[Any, ...] = ()
    choices: Mapping[str, Any] = field(default_factory=lambda: dict(CHOICES))


@dataclass(frozen=True)
class Document:
    """A page as it is: its state, by how many rows of history (`version`), and what may be undone and done again."""

    version: int = 0
    state: State = State()
    done: tuple[Change, ...] = ()
    undone: tuple[Change, ...] = ()

    def after(self, row: Mapping[str, Any]) -> "Document":
        """With one more row of history: a change, {"undo": true} or {"redo": true}."""
        version = self.version + 1
        if "undo" in row:
            change = self.done[-1]
            state = applied(self.state, inverse(change))
            return Document(version, state, self.done[:-1], (*self.undone, change))
        redo = "redo" in row
        change = self.undone[-1] if redo else dict(row)
        undone = self.undone[:-1] if redo else ()
        return Document(version, applied(self.state, change), (*self.done, change), undone)

    def told(self) -> dict[str, Any]:
        """What a browser is told."""
        own = {"hints": self.state.hints, "choices": self.state.choices}
        return {"version": self.version, **own, "undo": bool(self.done), "redo": bool(self.undone)}


def replayed(rows: Iterable[Mapping[str, Any]], start: State = State()) -> Document:
    """The document of a history."""
    document = Document(state=start)
    for row in rows:
        document = document.after(row)
    return document


def applied(state: State, change: Change) -> State:
    """The state with a change made."""
    if "hints" in change:
        at, removed, added = change["hints"]
        return replace(state, hints=(*state.hints[:at], *added, *state.hints[at + len(removed) :]))
    return replace(state, choices={**state.choices, **{name: after for name, (_, after) in change["choices"].items()}})


def inverse(change: Change) -> Change:
    """What takes a change back."""
    if "hints" in change:
        at, removed, added = change["hints"]
        return {"hints": [at, added, removed]}
    return {"choices": {name: [after, before] for name, (before, after) in change["choices"].items()}}


def change_of(state: State, wished: Any, known: "Known") -> Change:
    """What a browser sent, as a change of this state: {"at", "remove", "add": [hint, ...]} or {"choose": {name:
    value}}, with values that may be; UsageError for what is neither, or would make no hints.
    """
    if isinstance(wished, dict) and set(wished) == {"choose"} and isinstance(wished["choose"], dict):
        chosen = wished["choose"]
        for name, value in chosen.items():
            if not _may_be(name, value, known):
                raise UsageError(f"{name}: {value!r} cannot be chosen")
        return {"choices": {name: [state.choices[name], value] for name, value in chosen.items()}}
    if not isinstance(wished, dict) or set(wished) != {"at", "remove", "add"}:
        raise UsageError("a change is {at, remove, add} or {choose}")
    at, count, added = wished["at"], wished["remove"], wished["add"]
    if not (type(at) is type(count) is int and 0 <= at <= at + count <= len(state.hints)):
        raise UsageError("there are no such hints to take away")
    marks_from(added, "hints")
    change = {"hints": [at, list(state.hints[at : at + count]), added]}
    marks_from(list(applied(state, change).hints), "hints")
    return change


@dataclass(frozen=True)
class Known:
    """The ids of what may be chosen."""

    runs: Sequence[str] = ()
    moods: Sequence[str] = ()
    references: Sequence[str] = ()


def _may_be(name: Any, value: Any, known: Known) -> bool:
    if name in ("follow", "recolor", "line_art"):
        return isinstance(value, bool)
    if name == "sample":
        return type(value) is int and 0 <= value < SAMPLES
    if name == "run":
        return value == "" or value in known.runs
    if name == "references":
        return (
            isinstance(value, list) and len(value) <= MOST_REFERENCES and all(one in known.references for one in value)
        )
    if name in ALLOWED:
        return value in ALLOWED[name]
    if name in ("mood", "background"):
        return value is None or parse_color(value) is not None or (name == "mood" and value in known.moods)
    return False
