"""Access keys: made, listed, revoked, and recognized when a client shows one.

A key reads ``automl_<prefix>_<secret>``. The prefix finds its record; of the secret only a salted
digest is kept.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from automl_magics.contracts.access_keys import MAX_DAYS, AccessKey, NewAccessKey
from automl_magics.contracts.enums import AccessScope
from automl_magics.contracts.errors import InvalidInput, NotFound, Unauthenticated, did_you_mean
from automl_magics.service.caller import Caller
from automl_magics.store import Store
from automl_magics.store.access_keys import KeptKey
from automl_magics.store.jobs import utc_now

MAX_NAME = 250

_KEY = re.compile(r"automl_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_USE_IS_NOTED_EVERY = timedelta(minutes=1)  # so that reads do not each cost a write
_HINT = "Make one with: automl keys create"
_NOBODYS = KeptKey(
    AccessKey(prefix="", name="", owner="", scopes=[], created_at=utc_now()),
    salt=secrets.token_bytes(16),
    digest=secrets.token_bytes(32),
)


class AccessKeyService:
    """Make, list, revoke and recognize access keys.

    Parameters
    ----------
    store
        Where the keys' records live.
    caller
        Whose keys are made.
    """

    def __init__(self, store: Store, caller: Caller | None = None) -> None:
        self._store = store
        self._keys = store.access_keys
        self._caller = caller or Caller()

    def on_behalf_of(self, caller: Caller) -> "AccessKeyService":
        """Return the same service for another caller."""
        return AccessKeyService(self._store, caller)

    def create(
        self, name: str, scopes: Sequence[AccessScope], *, expires_in_days: int | None = None
    ) -> NewAccessKey:
        """Make a key; the answer is the only place where it ever stands.

        Raises
        ------
        InvalidInput
            For an empty name, no scope, or a time to live out of range.
        Conflict
            When a key that is not revoked has this name.
        """
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME:
            raise InvalidInput(
                f"A key needs a name of at most {MAX_NAME} characters.", field="name"
            )
        if not scopes:
            raise InvalidInput("A key needs a scope.", hint=_scopes_hint(), field="scope")
        if expires_in_days is not None and not 0 < expires_in_days <= MAX_DAYS:
            raise InvalidInput(f"A key lives 1 to {MAX_DAYS} days.", field="expires_in_days")
        now = utc_now()
        prefix, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), _new_salt()
        record = AccessKey(
            prefix=prefix,
            name=name,
            owner=self._caller.name,
            scopes=sorted(set(scopes)),
            created_at=now,
            expires_at=None if expires_in_days is None else now + timedelta(days=expires_in_days),
        )
        self._keys.add(KeptKey(record, salt, _digest(secret, salt)))
        return NewAccessKey(**record.model_dump(), key=f"automl_{prefix}_{secret}")

    def list(self) -> list[AccessKey]:
        """Return every key, newest first."""
        return self._keys.all()

    def revoke(self, name_or_prefix: str) -> AccessKey:
        """End a key at once; `NotFound` when no key that counts is called so."""
        revoked = self._keys.revoke(name_or_prefix, utc_now())
        if revoked is None:
            now = utc_now()
            names = [key.name for key in self._keys.all() if key.state(now) != "revoked"]
            raise NotFound(
                f"There is no access key {name_or_prefix!r}.",
                hint=did_you_mean(name_or_prefix, names),
            )
        return revoked

    def recognize(self, key: str) -> AccessKey:
        """Return the record of a key that counts, and note its use.

        Raises `Unauthenticated`. Whether a key is expired or revoked is told only to who holds it.
        """
        parts = _KEY.fullmatch(key)
        kept = (self._keys.get(parts[1]) if parts else None) or _NOBODYS
        secret = parts[2] if parts else ""
        if not hmac.compare_digest(_digest(secret, kept.salt), kept.digest):
            raise Unauthenticated("The access key is not known.", hint=_HINT)
        record, now = kept.record, utc_now()
        if (state := record.state(now)) != "active":
            raise Unauthenticated(f"The access key is {state}.", hint=_HINT)
        if record.last_used_at is None or now - record.last_used_at > _USE_IS_NOTED_EVERY:
            self._keys.note_use(record.prefix, now)
        return record


def _digest(secret: str, salt: bytes) -> bytes:
    """Return the salted digest of a secret.

    Passwords need a slow hash because they can be guessed. 32 random bytes cannot, at any speed,
    and a slow hash on every request would only serve whoever wants to keep the server busy.
    """
    return hashlib.blake2b(secret.encode(), salt=salt, digest_size=32).digest()


def _new_salt() -> bytes:
    return secrets.token_bytes(hashlib.blake2b.SALT_SIZE)


def _scopes_hint() -> str:
    return f"There is {', '.join(repr(scope.value) for scope in AccessScope)}."
