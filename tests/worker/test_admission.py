"""No call is taken that the others would pay for; none is tried for ever."""

import signal
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from callmissed.kit.host_load import free_disk_share, free_memory_share
from callmissed.worker.admission import LATE_MS, HostLoad, find_shortage, open_slots
from callmissed.worker.deaths import (
    KEPT_S,
    KILLED_FOR_S,
    MOST_DEATHS,
    QUICK_S,
    Deaths,
    Loss,
    is_crash,
)

MEMINFO = "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 400 kB\n"
LATE = LATE_MS + 1


@pytest.mark.parametrize(
    ("lags_ms", "slots"),
    [([], 3), ([LATE, LATE], 3), ([LATE, 1, LATE], 3), ([LATE] * 3, 0), ([1, LATE, LATE, LATE], 0)],
)
def test_a_process_that_stays_late_takes_no_call(lags_ms: list[float], slots: int) -> None:
    assert open_slots(8, 5, lags_ms) == slots


def test_a_full_process_takes_no_call() -> None:
    assert open_slots(8, 8, []) == 0
    assert open_slots(8, 11, []) == 0, "calls of a dead process may stand over the slots"


def test_a_host_without_memory_or_disk_takes_no_call() -> None:
    assert find_shortage(HostLoad()) is None
    assert find_shortage(HostLoad(free_memory=0.04)) == "memory"
    assert find_shortage(HostLoad(free_disk=0.04)) == "disk"


def test_memory_is_the_hosts_or_the_containers(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(MEMINFO)
    assert free_memory_share(meminfo, tmp_path) == 0.4
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 700\ninactive_file 100\n")
    assert free_memory_share(meminfo, tmp_path) == pytest.approx(0.2)
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory_share(meminfo, tmp_path) == 0.4
    assert free_memory_share(tmp_path / "none", tmp_path / "none") == 1.0


def test_disk_is_that_of_the_folder(tmp_path: Path) -> None:
    assert 0 < free_disk_share(tmp_path) <= 1
    assert free_disk_share(tmp_path / "none") == 1.0


def test_a_session_under_which_processes_die_quickly_is_given_up() -> None:
    deaths, session_id = Deaths(), uuid4()
    verdicts = [_one_run(deaths, session_id, epoch) for epoch in range(1, MOST_DEATHS + 1)]
    assert verdicts == [True] * (MOST_DEATHS - 1) + [False]
    assert _one_run(deaths, uuid4(), 1), "others go on"


def test_a_run_that_lived_is_no_sign_of_a_deadly_call() -> None:
    now_s = [0.0]
    deaths, session_id = Deaths(lambda: now_s[0]), uuid4()
    for epoch in range(1, 20):
        lives_s = QUICK_S + 1 if epoch % MOST_DEATHS == 0 else 1.0
        deaths.note_begin(session_id, epoch)
        now_s[0] += lives_s
        assert deaths.note_death(session_id, Loss(epoch, is_crash=True))


def test_one_death_counts_once_and_is_forgotten_in_time() -> None:
    now_s = [0.0]
    deaths, session_id = Deaths(lambda: now_s[0]), uuid4()
    for epoch in range(1, MOST_DEATHS):
        _one_run(deaths, session_id, epoch)
        assert deaths.note_death(session_id, Loss(epoch, is_crash=True))
    now_s[0] = KEPT_S + 1
    assert _one_run(deaths, session_id, MOST_DEATHS)


def test_a_session_whose_processes_are_killed_is_given_up_after_a_while() -> None:
    now_s = [0.0]
    deaths, session_id = Deaths(lambda: now_s[0]), uuid4()
    for epoch in range(1, MOST_DEATHS + 4):
        assert _one_run(deaths, session_id, epoch, is_crash=False)
    now_s[0] = KILLED_FOR_S
    assert not _one_run(deaths, session_id, MOST_DEATHS + 4, is_crash=False)


def test_a_crash_is_told_from_a_kill() -> None:
    assert [is_crash(code) for code in (3, 0, -signal.SIGSEGV, -signal.SIGABRT)] == [True] * 4
    assert not is_crash(-signal.SIGKILL)
    assert not is_crash(-signal.SIGTERM)


def _one_run(deaths: Deaths, session_id: UUID, epoch: int, *, is_crash: bool = True) -> bool:
    deaths.note_begin(session_id, epoch)
    return deaths.note_death(session_id, Loss(epoch, is_crash))
