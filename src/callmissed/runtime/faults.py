"""Why the installation cannot start, in three parts."""


class StartError(Exception):
    """`where` names the part or path, `message` says what is wrong, `hint` what to do about it."""

    def __init__(self, where: str, message: str, hint: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message
        self.hint = hint
