"""The process pool loses nothing but the item that kills its worker."""

import importlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from watching import alive_in, wait_for

from comicdata.errors import UsageError
from comicdata.pairs.workers import _interrupts_held, run

KILLER = "__import__('os')._exit(9)"


def test_without_ray_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'comicdata\[ray\]'"):
        list(run(eval, ["1"], engine="ray"))


# `eval` is the task: workers start afresh and must be able to import it.


@pytest.mark.parametrize("workers", [1, 2])
def test_results_and_exceptions_come_back_with_their_items(workers):
    outcomes = dict(run(eval, ["1 + 1", "1 / 0", "'b' * 2"], workers=workers))
    assert outcomes["1 + 1"] == 2 and outcomes["'b' * 2"] == "bb"
    assert isinstance(outcomes["1 / 0"], ZeroDivisionError)


def test_a_single_item_that_kills_its_worker_leaves_the_run_alive():
    ((_, outcome),) = run(eval, [KILLER], workers=2)
    assert "worker process died" in str(outcome)


def test_a_dying_worker_takes_only_its_own_item_along():
    outcomes = dict(run(eval, ["1", KILLER, "2", "3"], workers=2))
    assert "worker process died" in str(outcomes.pop(KILLER))
    assert outcomes == {"1": 1, "2": 2, "3": 3}


def test_ray_gives_results_exceptions_and_what_killed_its_worker():
    pytest.importorskip("ray")
    outcomes = dict(run(eval, ["1 + 1", "1 / 0", KILLER, "2", "3"], workers=2, engine="ray"))
    assert "worker process died" in str(outcomes.pop(KILLER)) and isinstance(outcomes.pop("1 / 0"), ZeroDivisionError)
    assert outcomes == {"1 + 1": 2, "2": 2, "3": 3}


MEETING = """
import os, time
from pathlib import Path

LAST = 30

def work(item):
    if item == 0:
        os._exit(9)
    if item >= LAST - 1:  # the last two end only when both are under way
        Path(__file__).with_name(f"here-{item}").touch()
        for _ in range(600):
            if Path(__file__).with_name(f"here-{2 * LAST - 1 - item}").exists():
                return item
            time.sleep(0.1)
        raise TimeoutError("nobody else is at work")
    time.sleep(0.05)  # a pool that never waits for a result hears late of a worker's death
    return item
"""


def test_after_a_worker_died_the_others_still_work_side_by_side(tmp_path, monkeypatch):
    (tmp_path / "meeting.py").write_text(MEETING)
    monkeypatch.syspath_prepend(tmp_path)
    outcomes = dict(run(importlib.import_module("meeting").work, range(31), workers=2))
    assert "worker process died" in str(outcomes.pop(0))
    assert outcomes == {item: item for item in range(1, 31)}


def test_workers_end_with_a_driver_that_is_killed(tmp_path):
    code = (
        "import os, signal, sys, time\nfrom comicdata.pairs.workers import run\n"
        "if __name__ == '__main__':\n"
        "    task = \"open(r'%s', 'a').write(str(__import__('os').getpid()) + chr(10))\"\n"
        "    task += \" and __import__('time').sleep(60)\"\n"
        "    list(run(eval, [task, task, task], workers=2))\n"
    ) % (tmp_path / "pids")
    script = tmp_path / "driver.py"
    script.write_text(code)
    with subprocess.Popen([sys.executable, str(script)], cwd=tmp_path) as driver:
        wait_for(lambda: (tmp_path / "pids").is_file() and len((tmp_path / "pids").read_text().split()) == 2)
        driver.kill()
        driver.wait()
    pids = [int(text) for text in (tmp_path / "pids").read_text().split()]
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_no_interrupt_comes_while_a_worker_is_started():
    """Also where another thread takes the signal, which the main thread alone holds back."""
    done, reached = threading.Event(), []
    other = threading.Thread(target=done.wait)
    other.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's job
    try:
        with pytest.raises(KeyboardInterrupt), _interrupts_held():
            os.kill(os.getpid(), signal.SIGINT)
            reached += [sum(range(100_000)) for _ in range(20)]
    finally:
        done.set()
        other.join()
        after = signal.signal(signal.SIGINT, before)
    assert len(reached) == 20
    assert after is signal.default_int_handler


INTERRUPTED = """
import signal
import sys
import time
from pathlib import Path
from comicdata.pairs.workers import run

if __name__ == "__mp_main__":  # a worker, which loads this module before its task
    Path(__file__).with_name("loading").touch()
    time.sleep(1)
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's job
    here = str(Path(__file__).with_name("begun"))
    task = "open(%r, 'a').write('x') and __import__('time').sleep(60)" % here
    try:
        for item, _ in run(eval, [task, "1"], workers=2):
            Path(__file__).with_name("idle").touch()  # "1" is done, so its worker has nothing left to do
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("when", ["workers load their modules", "one worker is at work, one idle"])
def test_an_interrupt_is_one_line_and_leaves_no_worker(when, tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(INTERRUPTED)
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as driver:
        signs = ["loading"] if when.startswith("workers") else ["begun", "idle"]
        wait_for(lambda: all((tmp_path / name).is_file() for name in signs))
        os.killpg(driver.pid, signal.SIGINT)
        said = driver.communicate(timeout=45)[1]  # well before the task would have ended
    assert said == "interrupted\n"
    assert driver.returncode == 0
    wait_for(lambda: not alive_in(driver.pid))
