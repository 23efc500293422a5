"""Access keys as they travel; a key itself travels once, when it is made."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from automl_magics.contracts.enums import AccessScope
from automl_magics.contracts.training import Text

MAX_DAYS = 3650
"""The longest that a key with an end may live."""


class AccessKey(BaseModel):
    """What is known of a key; the key itself is not kept."""

    prefix: str
    """The part of the key that is no secret, by which it is known."""
    name: str
    owner: str
    """On whose behalf a client with this key acts."""
    scopes: list[AccessScope]
    created_at: datetime
    last_used_at: datetime | None = None
    """To the minute."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """Return ``active``, ``revoked`` or ``expired``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


class NewAccessKey(AccessKey):
    """A key that was just made, with the key, shown this once."""

    key: str = Field(repr=False)


class AccessKeyRequest(BaseModel):
    """What is asked for when a key is made."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: Text
    """What to call it; no other key that counts has this name."""
    scopes: list[AccessScope] = Field(min_length=1)
    """What it allows; neither scope includes the other."""
    expires_in_days: int | None = Field(None, gt=0, le=MAX_DAYS)
    """When it ends; never when left out."""


class AccessKeyList(BaseModel):
    """Every access key, newest first; none of the keys themselves."""

    keys: list[AccessKey]
