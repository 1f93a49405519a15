"""The budget of tests/budget.py, held against tests that keep to it and tests that don't."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SMALL_BUDGET = """
from tests import budget
budget.CPU_SECONDS = 0.2
"""
TESTS = """
import time
import pytest

def work():
    until = time.process_time() + 0.4
    while time.process_time() < until:
        pass

def test_quick():
    pass

def test_slow():
    work()

@pytest.mark.slow_because("it must be")
def test_slow_for_a_reason():
    work()
"""


def test_a_test_over_its_budget_fails_unless_it_gives_a_reason(tmp_path):
    (tmp_path / "conftest.py").write_text(SMALL_BUDGET)
    (tmp_path / "test_three.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "tests.budget", "--rootdir", tmp_path]
    done = subprocess.run([*command, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 2 passed" in done.stdout
    assert "test_slow took 0." in done.stdout
