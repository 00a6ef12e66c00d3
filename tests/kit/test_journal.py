"""A journal says what was written, and nothing else, whatever cut the writer short."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from callmissed.kit.journal import JournalTail, JournalWriter, encode_line, read_records

RECORDS = [
    {"seq": 0, "text": "plain"},
    {"seq": 1, "text": 'नमस्ते, कितना? ₹500\n"quoted"'},
    {"seq": 2, "list": [1, None, {"deep": "✓"}]},
]
ENDLESS_WRITER = """
import sys
from pathlib import Path
from callmissed.kit.journal import JournalWriter
journal = JournalWriter(Path(sys.argv[1]))
seq = 0
while True:
    journal.append({"seq": seq, "text": "x" * (seq % 700)})
    print(seq, flush=True)
    seq += 1
"""


def texts_of(data: bytes) -> list[dict[str, object]]:
    return [record for record, _ in read_records(data)]


def test_a_journal_torn_at_any_byte_gives_whole_records_only() -> None:
    lines = [encode_line(record) for record in RECORDS]
    whole = b"".join(lines)
    for cut in range(len(whole) + 1):
        complete = sum(cut >= len(b"".join(lines[: count + 1])) for count in range(len(lines)))
        assert texts_of(whole[:cut]) == RECORDS[:complete]


def test_a_changed_byte_never_invents_a_record() -> None:
    whole = b"".join(encode_line(record) for record in RECORDS)
    for position in range(len(whole)):
        for flip in (0x01, 0x80):
            broken = bytearray(whole)
            broken[position] ^= flip
            assert all(record in RECORDS for record in texts_of(bytes(broken)))


def test_a_writer_that_opens_a_torn_journal_goes_on_behind_its_last_record(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    lines = [encode_line(record) for record in RECORDS]
    for cut in range(len(lines[1])):
        path.write_bytes(lines[0] + lines[1][:cut])
        writer = JournalWriter(path)
        writer.append(RECORDS[2])
        writer.close()
        assert texts_of(path.read_bytes()) == [RECORDS[0], RECORDS[2]]


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    for acknowledged in (1, 40, 300):
        path.unlink(missing_ok=True)
        with subprocess.Popen(
            [sys.executable, "-c", ENDLESS_WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            last = [writer.stdout.readline() for _ in range(acknowledged)][-1]
            writer.send_signal(signal.SIGKILL)
        written = [record["seq"] for record in texts_of(path.read_bytes())]
        assert written == list(range(len(written)))
        assert int(last) in written


def test_a_full_disk_leaves_no_half_record(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))"
    script = f"""
import signal, sys
from pathlib import Path
{limit}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from callmissed.kit.journal import JournalWriter
journal = JournalWriter(Path(sys.argv[1]))
for seq, size in enumerate((100, 300, 100, 300, 10)):
    try:
        journal.append({{"seq": seq, "text": "x" * size}})
        print(seq)
    except OSError:
        print("full")
"""
    said = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["0", "full", "2", "full", "4"]
    assert [record["seq"] for record in texts_of(path.read_bytes())] == [0, 2, 4]


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    first = JournalWriter(path)
    with pytest.raises(BlockingIOError):
        JournalWriter(path)
    first.close()
    JournalWriter(path).close()


def test_the_tail_gives_each_record_once_as_it_becomes_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    tail = JournalTail(path)
    assert tail.read_new() == []
    seen = []
    with path.open("ab", buffering=0) as file:
        for byte in b"".join(encode_line(record) for record in RECORDS):
            file.write(bytes([byte]))
            seen += tail.read_new()
    assert seen == RECORDS
    path.unlink()
    assert tail.read_new() == []


def test_half_a_surrogate_pair_does_not_stop_the_journal(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "a.journal")
    writer.append({"text": "a\ud83d"})
    writer.close()
    assert texts_of((tmp_path / "a.journal").read_bytes()) == [{"text": "a?"}]
