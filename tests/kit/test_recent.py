"""What happened lately is forgotten in time, and never more than so much is kept."""

from callmissed.kit.recent import Recent


def test_members_lapse_and_make_room() -> None:
    now_s = 100.0
    recent = Recent(2, now_s=lambda: now_s)
    recent.add("a", 5.0)
    assert recent.left_s("a") == 5.0
    now_s = 104.0
    assert recent.left_s("a") == 1.0
    now_s = 106.0
    assert recent.left_s("a") == 0.0
    for name in ("b", "c", "d"):
        recent.add(name, 9.0)
    assert [recent.left_s(name) for name in "bcd"] == [0.0, 9.0, 9.0]
