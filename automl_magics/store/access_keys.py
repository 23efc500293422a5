"""The table of access keys: what is known of each, with its salted digest."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, RowMapping, insert, select, update

from automl_magics.contracts.access_keys import AccessKey
from automl_magics.contracts.errors import Conflict
from automl_magics.store.database import Database
from automl_magics.store.tables import ACCESS_KEYS as KEYS


class KeptKey(NamedTuple):
    """A key's record, and what a secret is compared with."""

    record: AccessKey
    salt: bytes
    digest: bytes


class AccessKeys:
    """Insert, read and mark access keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kept: KeptKey) -> None:
        """Insert a key; `Conflict` when one that is not revoked has its name."""
        record = kept.record
        living = (KEYS.c.name == record.name) & KEYS.c.revoked_at.is_(None)
        values = {**record.model_dump(), "scopes": [scope.value for scope in record.scopes]}
        with self._database.write() as connection:
            if connection.scalar(select(KEYS.c.prefix).where(living)) is not None:
                raise Conflict(
                    f"There is an access key {record.name!r} already.",
                    hint="Choose another name, or revoke that one first.",
                )
            row = insert(KEYS).values(**values, salt=kept.salt, digest=kept.digest)
            connection.execute(row)

    def get(self, prefix: str) -> KeptKey | None:
        """Return the key of this prefix."""
        with self._database.read() as connection:
            row = connection.execute(select(KEYS).where(KEYS.c.prefix == prefix)).mappings().first()
        return None if row is None else KeptKey(_record(row), row["salt"], row["digest"])

    def all(self) -> list[AccessKey]:
        """Return every key, newest first."""
        newest = select(KEYS).order_by(KEYS.c.created_at.desc(), KEYS.c.prefix)
        with self._database.read() as connection:
            return [_record(row) for row in connection.execute(newest).mappings()]

    def revoke(self, name_or_prefix: str, now: datetime) -> AccessKey | None:
        """Mark a key as revoked and return it; None when no key that counts is called so.

        A prefix goes before a name that reads the same.
        """
        by_prefix, by_name = (
            (column == name_or_prefix) & KEYS.c.revoked_at.is_(None)
            for column in (KEYS.c.prefix, KEYS.c.name)
        )
        return self._mark(by_prefix, revoked_at=now) or self._mark(by_name, revoked_at=now)

    def note_use(self, prefix: str, now: datetime) -> None:
        """Remember when a key was last used."""
        self._mark(KEYS.c.prefix == prefix, last_used_at=now)

    def _mark(self, where: ColumnElement[bool], **values: datetime) -> AccessKey | None:
        marked = update(KEYS).where(where).values(values).returning(*KEYS.c)
        with self._database.write() as connection:
            row = connection.execute(marked).mappings().first()
        return None if row is None else _record(row)


def _record(row: RowMapping) -> AccessKey:
    return AccessKey.model_validate({name: row[name] for name in AccessKey.model_fields})
