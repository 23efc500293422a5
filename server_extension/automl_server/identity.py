"""Who is asking: the name that a job's owner defaults to."""

import re

from jupyter_server.auth.identity import User

_GENERATED = re.compile(r"[0-9a-f]{32}|anonymous")


def real_name(user: User | None) -> str | None:
    """Return the user's name, or None where Jupyter only made one up.

    Jupyter's own identity providers name everybody who comes with a token or a password by a
    random hexadecimal id, a new one on each request without a cookie. It says nothing about who
    that is.
    """
    if user is None or _GENERATED.fullmatch(user.username):
        return None
    return str(user.username)
