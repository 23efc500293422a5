"""The routes of access keys: for people who are signed in, and for no key and no worker.

A key could otherwise make itself another one that outlives it, or one that may do more.
"""

from asyncio import to_thread
from typing import TYPE_CHECKING

from automl_magics.contracts.access_keys import (
    AccessKey,
    AccessKeyList,
    AccessKeyRequest,
    NewAccessKey,
)
from automl_server import examples
from automl_server.backend import Backend
from automl_server.handler import UserHandler
from automl_server.identity import real_name
from automl_server.operation import Auth, Routes

if TYPE_CHECKING:
    from automl_magics.service import AccessKeyService

ROUTES = Routes("/api/automl/keys", tag="AutoML Access Keys", auth=Auth.USER)


@ROUTES.operation("GET", "", example=examples.KEYS)
async def list_access_keys(handler: UserHandler) -> AccessKeyList:
    """List access keys, newest first.

    Those that are expired or revoked too; of no key more than its prefix is known.
    """
    keys = await _keys(handler)
    return AccessKeyList(keys=await to_thread(keys.list))


@ROUTES.operation(
    "POST",
    "",
    status=201,
    refusals={409: "Another key that counts has this name."},
    example=examples.NEW_KEY,
)
async def create_access_key(handler: UserHandler, body: AccessKeyRequest) -> NewAccessKey:
    """Make an access key.

    This answer is the only place where the key ever stands. A client that shows it acts as whoever
    made it.
    """
    keys = await _keys(handler)
    made = await to_thread(
        keys.create, body.name, body.scopes, expires_in_days=body.expires_in_days
    )
    handler.log.info("%s made the access key %s", made.owner, made.prefix)
    handler.set_header("Cache-Control", "no-store")
    return made


@ROUTES.operation("DELETE", "/{prefix}", example=examples.REVOKED_KEY)
async def revoke_access_key(handler: UserHandler, prefix: str) -> AccessKey:
    """Revoke an access key at once; its name will do as well as its prefix."""
    keys = await _keys(handler)
    revoked = await to_thread(keys.revoke, prefix)
    handler.log.info("The access key %s was revoked", revoked.prefix)
    return revoked


async def _keys(handler: UserHandler) -> "AccessKeyService":
    backend: Backend = handler.extensionapp.backend
    return await backend.keys_for(real_name(handler.current_user), handler.correlation_id)
