"""Access keys: one that was just made, and the list of all."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from automl_magics.contracts.access_keys import AccessKey, NewAccessKey
from automl_magics.displays.view import MAGIC, View, render
from automl_magics.displays.wording import age, columns

_SHOWN_ONCE = "Keep the key now: it is not shown again."


class NewKey(View):
    """A key that was just made."""

    def __init__(self, made: NewAccessKey) -> None:
        self.made = made

    def text(self, command: str = MAGIC) -> str:  # noqa: ARG002
        """Return the key on a line of its own."""
        return f"{self._summary()}\n{self.made.key}"

    def html(self) -> str:
        """Return the key under what it is for."""
        rows = [(self.made.key,)]
        return render("table.html", header=("key",), rows=rows, note=self._summary())

    def data(self) -> dict[str, Any]:
        """Return the key's record and, in ``key``, the key."""
        return self.made.model_dump(mode="json")

    def _summary(self) -> str:
        return f"Made {self.made.name} for {', '.join(self.made.scopes)}. {_SHOWN_ONCE}"


class KeyList(View, Sequence[AccessKey]):
    """Access keys, newest first."""

    header = ("name", "prefix", "state", "scopes", "owner", "created", "last used", "expires")

    def __init__(self, keys: Sequence[AccessKey]) -> None:
        self.keys = keys

    def text(self, command: str = MAGIC) -> str:
        """Return the keys in columns."""
        if not self.keys:
            return f"No keys. Make one: {command} keys create --name NAME --scope SCOPE"
        return columns(self._rows(), self.header)

    def html(self) -> str:
        """Return the keys as a table."""
        return render("table.html", header=self.header, rows=self._rows(), note="")

    def data(self) -> list[dict[str, Any]]:
        """Return the keys' records."""
        return [key.model_dump(mode="json") for key in self.keys]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, place: Any) -> Any:
        return self.keys[place]

    def _rows(self) -> list[tuple[str, ...]]:
        now = datetime.now(UTC)
        return [
            (
                key.name,
                key.prefix,
                key.state(now),
                ", ".join(key.scopes),
                key.owner,
                age(key.created_at),
                age(key.last_used_at) if key.last_used_at else "never",
                f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
            )
            for key in self.keys
        ]
