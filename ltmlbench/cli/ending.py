"""How a command ends: its exit code, the line it leaves, and no process behind it.

0 done · 1 some runs failed · 2 the request was wrong, or a file or disk would not do · 3 a bug ·
128 + n stopped by signal n.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType

from ltmlbench.cli.arguments import Answered
from ltmlbench.errors import LtmlbenchError
from ltmlbench.output import guarded_output

BUG = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked the program to end. Taken for Ctrl-C by all that tidies up after one."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def exit_code(command: Callable[[], int], verb: str) -> int:
    """Runs a command; whatever happens in it ends in at most one line and an exit code."""
    with guarded_output() as out, _signals():
        code = _ended(command, verb)
        out.flush()
        if out.lost and code == 0:
            print(f"ltmlbench: the output could not be written: {out.lost}", file=sys.stderr)
            return 2
        return code


def _ended(command: Callable[[], int], verb: str) -> int:
    try:
        return command()
    except LtmlbenchError as error:
        return _say(str(error), 2)
    except KeyboardInterrupt as error:
        number = error.number if isinstance(error, Stopped) else signal.SIGINT
        by = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
        rest = "; the same command goes on from here" if verb == "run" else ""
        print(file=sys.stderr)  # after the ^C of the terminal
        return _say(f"stopped{by}{rest}", 128 + number)
    except Answered as error:
        return int(error.code or 0)
    except OSError as error:
        if error.strerror is None:
            return _bug(error)
        place = f"{error.filename}: " if error.filename else ""
        return _say(
            f"{place}{error.strerror}: mend that, or give another path "
            f"(details: {_keep_traceback(error)})",
            2,
        )
    except (Exception, SystemExit) as error:
        return _bug(error)


def _say(text: str, code: int) -> int:
    print(f"ltmlbench: {text}", file=sys.stderr)
    return code


def _bug(error: BaseException) -> int:
    """What nobody foresaw: what, where, whose, and how to report it, in one line."""
    text = " ".join(str(error).split())
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, SystemExit):
        what = f"something called sys.exit({text})"
    where, owner = _place(error.__traceback__)
    return _say(
        f"{what} (in {where}): a bug of {owner}; please report it with {_keep_traceback(error)}",
        BUG,
    )


def _place(trace: TracebackType | None) -> tuple[str, str]:
    """``package/file.py:line`` and the distribution, of the innermost frame of a plugin or ours."""
    from ltmlbench import __version__
    from ltmlbench.origin import distribution_of
    from ltmlbench.registry import registry

    loaded = registry.cache_info().currsize  # the last net runs no foreign code
    where, owner = "an unknown place", "ltmlbench"
    while trace:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if loaded:
            distribution, version = distribution_of(name)
        else:
            own = name.partition(".")[0] == "ltmlbench"
            distribution, version = ("ltmlbench", __version__) if own else ("", "")
        if distribution:
            file = "/".join(Path(trace.tb_frame.f_code.co_filename).parts[-2:])
            where, owner = f"{file}:{trace.tb_lineno}", f"{distribution} {version}".strip()
        trace = trace.tb_next
    return where, owner


def _keep_traceback(error: BaseException) -> str:
    """The file the traceback was written to: in the cache, else among the temporary files."""
    from ltmlbench import __version__
    from ltmlbench.store import cache_folder

    given = " ".join(sys.argv)
    text = f"ltmlbench {__version__}\n{given}\n\n" + "".join(traceback.format_exception(error))
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in (cache_folder() / "errors", Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, errors="backslashreplace")
            return str(folder / name)
    return "the traceback (no folder could be written to keep it)"


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM and SIGHUP, which Slurm, systemd and a closed terminal send, stop like Ctrl-C.

    The first signal lets everything tidy up; a second one ends the program at once. Worker
    processes end with this one either way.
    """
    before = {}
    with contextlib.suppress(ValueError):  # not the main thread: signals are somebody else's
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                before[number] = signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    for other in _SIGNALS:
        if signal.getsignal(other) is _stop:
            signal.signal(other, _stop_at_once)
    raise Stopped(number)


def _stop_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
