"""The calls about the server itself."""
# mypy: disable-error-code="empty-body"

from typing import Any

from automl_magics.client.call import Calls, Credential, Mode, call
from automl_magics.contracts.http import Version


class ServerCalls(Calls[Mode]):
    """What the server is."""

    @call("GET", "/api/automl/version")
    def version(self) -> Version:
        """Return which automl-magics the server runs."""

    @call("GET", "/api/automl/openapi.json", credential=Credential.NONE)
    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of every route."""
