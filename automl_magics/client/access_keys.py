"""The calls for access keys, which ask for the server's token: no key makes another."""
# mypy: disable-error-code="empty-body"

from automl_magics.client.call import Calls, Mode, call
from automl_magics.contracts.access_keys import (
    AccessKey,
    AccessKeyList,
    AccessKeyRequest,
    NewAccessKey,
)

PATH = "/api/automl/keys"


class AccessKeyCalls(Calls[Mode]):
    """Make, list and revoke access keys."""

    @call("GET", PATH)
    def find(self) -> AccessKeyList:
        """Return every key, newest first, without the keys themselves."""

    @call("POST", PATH)
    def create(self, body: AccessKeyRequest) -> NewAccessKey:
        """Make a key, told this once; `Conflict` when one that counts has its name."""

    @call("DELETE", f"{PATH}/{{prefix}}")
    def revoke(self, prefix: str) -> AccessKey:
        """End a key at once, called by its prefix or its name."""
