"""A meter that a test can read."""

from dataclasses import dataclass, field

from callmissed.domain.usage import Usage


@dataclass
class Counted:
    """Every entry in its order."""

    entries: list[Usage] = field(default_factory=list)

    def add(self, usage: Usage) -> None:
        self.entries.append(usage)

    @property
    def total(self) -> int:
        return sum(entry.amount for entry in self.entries)
