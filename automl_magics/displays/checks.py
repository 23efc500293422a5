"""What `automl doctor` has found."""

from collections.abc import Sequence
from typing import Any

from automl_magics.contracts.checks import Check
from automl_magics.displays.view import MAGIC, View, render


class Checks(View):
    """One line to a check."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = list(checks)

    @property
    def exit_code(self) -> int:
        """0 when all is well, for the shell."""
        return 0 if all(check.is_good for check in self.checks) else 1

    def text(self, command: str = MAGIC) -> str:  # noqa: ARG002
        """Return the checks as text."""
        width = max(len(check.subject) for check in self.checks)
        return "\n".join(
            f"{'ok   ' if check.is_good else 'WRONG'}  {check.subject:<{width}}  {check.said}"
            for check in self.checks
        )

    def html(self) -> str:
        """Return the checks as preformatted text."""
        return render("code.html", text=self.text())

    def data(self) -> list[dict[str, Any]]:
        """Return the checks by their fields."""
        return [
            {"subject": check.subject, "ok": check.is_good, "message": check.said}
            for check in self.checks
        ]
