"""A preloaded Python behaves as Python itself does."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import atexit, os, signal, sys, time
atexit.register(lambda: print("left", flush=True))
print(sys.argv[1:], os.environ["GIVEN"], os.getcwd(), sys.stdin.read(), __name__, flush=True)
print("torch" in sys.modules, os.path.dirname(__file__) == sys.path[0], file=sys.stderr)
if "--wait" in sys.argv:
    time.sleep(60)
sys.exit(7)
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return str(path)


@pytest.mark.skipif(sys.platform != "linux", reason="forks after the import of torch are for Linux alone")
def test_a_script_has_its_words_variables_folder_streams_and_exit_code(
    preloaded: str, script: str, tmp_path: Path
) -> None:
    runs = [
        subprocess.run(
            [python, script, "a", "b c"],
            env={"GIVEN": "1"},
            cwd=tmp_path,
            input="typed",
            capture_output=True,
            text=True,
            check=False,
        )
        for python in (preloaded, sys.executable)
    ]
    assert runs[0].stdout == runs[1].stdout == f"['a', 'b c'] 1 {tmp_path} typed __main__\nleft\n"
    assert [run.returncode for run in runs] == [7, 7]
    assert [run.stderr for run in runs] == ["True True\n", "False True\n"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_the_script(preloaded: str, script: str, number: signal.Signals) -> None:
    command = [preloaded, script, "--wait"]
    with subprocess.Popen(
        command, env={"GIVEN": "1"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout and run.stdout.readline()
        run.send_signal(number)
        # Output ends when the script does.
        said, _ = run.communicate(timeout=300)
        assert run.returncode == -number
        assert (said == b"left\n") == (number == signal.SIGINT)


def test_a_module_and_what_it_starts_are_preloaded(preloaded: str, tmp_path: Path) -> None:
    (tmp_path / "told.py").write_text(
        "import subprocess, sys\n"
        "if sys.argv[1:] == []: subprocess.run([sys.executable, '-m', 'told', 'x'])\n"
        "else: print('torch' in sys.modules, sys.argv[1:])\n"
    )
    run = subprocess.run([preloaded, "-m", "told"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stdout == f"{sys.platform == 'linux'} ['x']\n", run.stderr
