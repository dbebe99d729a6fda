"""What random damage once got through is read again, and a few kinds of it by every reader."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "fuzz_readers.py"
SPEC = importlib.util.spec_from_file_location("fuzz_readers", PATH)
assert SPEC and SPEC.loader
fuzz = importlib.util.module_from_spec(SPEC)
sys.modules["fuzz_readers"] = fuzz  # for its dataclass
SPEC.loader.exec_module(fuzz)
FEW = (b"", b"null", b"[]", b"{}", b"NaN", b"[" * 5000, b'{"a":' * 3000, b"1" * 5000, b"\xff\xfe\0", b"\0" * 40)


@pytest.fixture(scope="module")
def readers(first_tour, tmp_path_factory):
    return {one.name: one for one in fuzz.readers(first_tour, tmp_path_factory.mktemp("fuzz"))}


def test_every_reader_still_reads_what_is_whole(readers):
    wrong = [fault for one in readers.values() for data in one.seeds if (fault := fuzz.judged(one, data)[1])]
    refused = {one.name for one in readers.values() for data in one.seeds if fuzz.judged(one, data)[0]}
    assert not wrong and not refused


def test_damage_of_every_kind_is_values_or_one_clear_line_in_every_reader(readers):
    assert not [fault for one in readers.values() for data in FEW if (fault := fuzz.judged(one, data)[1])]


def test_what_a_fault_was_found_with_is_read_again(readers):
    seeds = fuzz.kept_seeds()
    assert seeds and {name for name, _ in seeds} <= readers.keys()
    assert not [fault for name, data in seeds if (fault := fuzz.judged(readers[name], data)[1])]


def test_a_fault_is_kept_and_a_refusal_is_none(tmp_path):
    def breaks(data):
        raise ZeroDivisionError

    def refuses(data):
        raise fuzz.ComicDataError("no")

    broken, refusing = fuzz.Reader("a", [b"x"], breaks), fuzz.Reader("b", [b"x"], refuses)
    assert fuzz.judged(refusing, b"x") == (True, None)
    refused, (words, _) = fuzz.judged(broken, b"\xff")
    assert not refused and "ZeroDivisionError" in words
    fuzz.keep(tmp_path / "kept.jsonl", broken, b"\xff", words)
    assert fuzz.kept_seeds(tmp_path / "kept.jsonl") == [("a", b"\xff")]
    assert json.loads((tmp_path / "kept.jsonl").read_bytes())["found"] == words
