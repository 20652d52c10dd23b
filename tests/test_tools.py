"""What `make run` and `make test` say on machines that lack something: one sentence, and a non-zero exit."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent / "tools"
NEEDED = ("dirname", "id", "cat", "chmod", "cksum", "grep")


class Machine:
    """A machine that has a few basic commands, and those a test adds."""

    def __init__(self, place: Path) -> None:
        self.commands = place / "commands"
        shutil.copytree(TOOLS, place / "tools")
        self.commands.mkdir()
        for name in NEEDED:
            (self.commands / name).symlink_to(str(shutil.which(name)))
        self.place = place

    def has(self, name: str, script: str) -> None:
        command = self.commands / name
        command.unlink(missing_ok=True)
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)

    def run(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "CHROMIUM")}
        return subprocess.run(
            [self.place / "tools" / tool, *arguments],
            env={**environment, "PATH": str(self.commands)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def the_one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Nothing else was said, and the exit was not zero."""
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_without_python_the_way_out_is_named(machine: Machine) -> None:
    said = the_one_sentence(machine.run("install", "requirements.lock"))
    assert said.startswith("Distributor needs Python 3.11 or newer; none was found")


def test_an_old_python_is_no_python(machine: Machine) -> None:
    machine.has("python3", "exit 1")
    said = the_one_sentence(machine.run("install", "requirements.lock"))
    assert said.startswith("Distributor needs Python 3.11 or newer")


def test_a_newer_python_beside_an_old_one_is_found(machine: Machine) -> None:
    machine.has("python3", "exit 1")
    machine.has("python3.12", 'case "$*" in *venv*) exit 1;; -V) echo Python 3.12.1;; esac')
    assert the_one_sentence(machine.run("install", "requirements.lock")).startswith("Python 3.12.1 cannot")


def test_a_python_without_venv_names_debians_package(machine: Machine) -> None:
    machine.has("python3", 'case "$*" in *venv*) exit 1;; -V) echo Python 3.11.2;; esac')
    said = the_one_sentence(machine.run("install", "requirements.lock"))
    assert "apt-get install python3-venv" in said


def test_chromium_that_is_there_is_taken(machine: Machine) -> None:
    machine.has("chromium", "")
    assert machine.run("ensure-chromium").stdout == f"{machine.commands / 'chromium'}\n"


def test_the_headless_shell_is_preferred_but_not_to_measure_what_people_feel(machine: Machine) -> None:
    machine.has("chromium", "")
    machine.has("chromium-headless-shell", "")
    assert machine.run("ensure-chromium").stdout == f"{machine.commands / 'chromium-headless-shell'}\n"
    assert machine.run("ensure-chromium", "--whole").stdout == f"{machine.commands / 'chromium'}\n"


def test_root_gets_the_headless_shell_beside_a_chromium(machine: Machine) -> None:
    shell = machine.commands / "chromium-headless-shell"
    machine.has("chromium", "")
    machine.has("id", "echo 0")
    machine.has("apt-get", f'case "$*" in *install*shell) echo "#!/bin/sh" >{shell}; chmod +x {shell};; esac')
    assert machine.run("ensure-chromium").stdout == f"{shell}\n"


def test_without_a_network_the_chromium_that_is_there_does(machine: Machine) -> None:
    machine.has("chromium", "")
    machine.has("id", "echo 0")
    machine.has("apt-get", 'echo "E: no network" >&2; exit 100')
    done = machine.run("ensure-chromium")
    assert (done.returncode, done.stdout) == (0, f"{machine.commands / 'chromium'}\n")
    assert done.stderr.count("\n") == 1


def test_where_the_archive_has_no_headless_shell_root_gets_chromium(machine: Machine) -> None:
    browser = machine.commands / "chromium"
    machine.has("id", "echo 0")
    install = f'*install*shell) exit 100;; *install*) echo "#!/bin/sh" >{browser}; chmod +x {browser};;'
    machine.has("apt-get", f'case "$*" in {install} esac')
    assert machine.run("ensure-chromium").stdout == f"{browser}\n"


def test_chromium_cannot_come_without_apt(machine: Machine) -> None:
    assert "neither it nor apt-get" in the_one_sentence(machine.run("ensure-chromium"))


def test_chromium_cannot_come_without_the_right_to_install_it(machine: Machine) -> None:
    machine.has("apt-get", "")
    machine.has("id", "echo 1000")
    assert "needs root" in the_one_sentence(machine.run("ensure-chromium"))


def test_root_gets_chromium_installed(machine: Machine) -> None:
    browser = machine.commands / "chromium"
    machine.has("id", "echo 0")
    machine.has("apt-get", f'case "$*" in *install*) echo "#!/bin/sh" >{browser}; chmod +x {browser};; esac')
    done = machine.run("ensure-chromium")
    assert (done.returncode, done.stdout) == (0, f"{browser}\n")


def test_a_user_with_sudo_gets_chromium_installed(machine: Machine) -> None:
    browser = machine.commands / "chromium"
    machine.has("id", "echo 1000")
    machine.has("sudo", 'shift; exec "$@"')
    machine.has("true", "")
    machine.has("apt-get", f'case "$*" in *install*) echo "#!/bin/sh" >{browser}; chmod +x {browser};; esac')
    assert machine.run("ensure-chromium").stdout == f"{browser}\n"


def test_an_installation_that_fails_is_said_and_no_test_is_skipped(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has("apt-get", 'case "$*" in *install*) echo "E: no network" >&2; exit 100;; esac')
    done = machine.run("ensure-chromium")
    assert done.returncode != 0
    assert "E: no network" in done.stderr
    assert "Chromium could not be installed" in done.stderr
