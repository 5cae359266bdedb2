"""Helper processes follow the one they work for."""

import os
import subprocess
import sys
import time


def test_an_orphan_ends_though_nobody_reads_its_pipes_or_kills_it():
    """As a decoder of pictures, whose parent is killed: no signal, no pipe that it looks at."""
    helper = (
        "import time; from ltmlbench.lifeline import follow_parent\n"
        "follow_parent(); follow_parent(); print('on', flush=True); time.sleep(60)"
    )
    parent = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {helper!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(60)"
    )
    program = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    pid = int(program.stdout.readline())
    assert running(pid)
    program.kill()
    program.communicate()
    end = time.monotonic() + 20
    while running(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not running(pid)


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_process_itself_is_not_touched_by_the_import():
    import ltmlbench.lifeline

    assert ltmlbench.lifeline.follow_parent.cache_info().currsize == 0
    assert os.getppid() > 0
