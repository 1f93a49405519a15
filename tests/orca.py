"""The screen reader Orca before a real Chromium: a keyboard goes in, and what a voice would say comes out.

On a screen, a bus and a home of their own. Of Debian: orca, chromium, xvfb, openbox, xdotool, dbus, at-spi2-core.
"""

import os
import re
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

SPOKEN = re.compile(r"SPEECH OUTPUT: '(.*)' ?\{")
NO_VOICE = 'LogLevel 1\nDefaultLanguage "nl"\nAddModule "dummy" "sd_dummy" ""\nDefaultModule dummy\n'
QUIET, LONGEST, LONGEST_NAME_OF_A_KEY = 1.0, 40.0, 10


class Orca:
    """The screen reader, the browser before it, and a keyboard."""

    def __init__(self, folder: Path, stack: ExitStack):
        self.log, self.read = folder / "orca.log", 0
        self.folder, self.stack = folder, stack
        run = folder / "run"
        run.mkdir(mode=0o700)
        settings = folder / ".config/speech-dispatcher/speechd.conf"
        settings.parent.mkdir(parents=True)
        settings.write_text(NO_VOICE)
        self.environment = os.environ | {
            "HOME": str(folder), "XDG_RUNTIME_DIR": str(run), "ACCESSIBILITY_ENABLED": "1",
        }  # fmt: skip
        screen = self.start("Xvfb", "-displayfd", "1", "-screen", "0", "1280x1000x24", stdout=subprocess.PIPE)
        self.environment["DISPLAY"] = f":{screen.stdout.readline().strip()}"  # it says so when it is ready
        bus = self.start("dbus-daemon", "--session", "--nofork", "--print-address", stdout=subprocess.PIPE)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        self.start("openbox")
        self.start("/usr/libexec/at-spi-bus-launcher", "--launch-immediately")
        for key in ("interface toolkit-accessibility", "a11y.applications screen-reader-enabled"):
            where, name = f"org.gnome.desktop.{key}".split()
            subprocess.run(["gsettings", "set", where, name, "true"], env=self.environment, check=True)

    def start(self, *command: str, stdout: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
        made = subprocess.Popen(
            command, env=self.environment, stdout=stdout, stderr=subprocess.DEVNULL, text=True, cwd=self.folder
        )
        self.stack.callback(made.kill)  # Orca takes its time to end, and none begins while another is there
        return made

    def open(self, url: str) -> list[str]:
        self.start(
            "chromium", "--no-sandbox", "--force-renderer-accessibility", "--no-first-run", "--disable-gpu",
            "--disable-background-networking", f"--user-data-dir={self.folder}/profile", "--lang=nl",
            "--accept-lang=nl", url,
        )  # fmt: skip
        time.sleep(10)
        self.start("/usr/bin/orca", f"--debug-file={self.log}")
        return self.heard(at_least=20)

    def heard(self, at_least: float = 0, until: str = "") -> list[str]:
        """Return what is spoken until it is quiet, or until a word is spoken; something must come in `at_least` s."""
        found: list[str] = []
        began = last = time.monotonic()
        while True:
            text = self.log.read_text(errors="replace") if self.log.exists() else ""
            new, self.read = text[self.read :], len(text)
            if lines := [line for line in SPOKEN.findall(new) if line.strip()]:
                found += lines
                last = time.monotonic()
            enough = found and until in " ".join(found)
            if time.monotonic() - last > (QUIET if enough else at_least) or time.monotonic() - began > LONGEST:
                return found
            time.sleep(0.05)

    def press(self, key: str, at_least: float = 5, until: str = "") -> list[str]:
        subprocess.run(["xdotool", "key", key], env=self.environment, check=True)
        echo = (key.lower(), "return", "space", "left control")
        return [line for line in self.heard(at_least, until) if line.strip() not in echo]

    def type(self, text: str) -> None:
        subprocess.run(["xdotool", "type", "--delay", "40", text], env=self.environment, check=True)
        self.heard(at_least=2)

    def go(self, url: str) -> list[str]:
        self.press("ctrl+l")
        self.type(url)
        said = self.press("Return", at_least=20, until="Page has")
        return [line for line in said if len(line) > LONGEST_NAME_OF_A_KEY]

    def tab_to(self, name: str) -> list[str]:
        heard: list[str] = []
        for _ in range(60):
            heard.append(" ".join(self.press("Tab", at_least=8)))
            if name in heard[-1]:
                return heard
        raise AssertionError(f"{name} is not reached: {heard}")

    def lines(self, most: int = 160) -> list[str]:
        """Return the page line by line, as with the arrow, from its top; it ends where thrice nothing is spoken."""
        found = [" ".join(self.press("ctrl+Home"))]
        for _ in range(most):
            found.append(" ".join(self.press("Down", at_least=3)))
            if not any(found[-3:]):
                break
        return [line for line in found if line]
