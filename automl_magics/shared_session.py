"""The one session of a notebook: the magics', and that of widgets and handles made in Python."""

from automl_magics.session import Session, connect

_shared: Session | None = None


def share(session: Session) -> None:
    """Make a session the notebook's."""
    global _shared  # noqa: PLW0603 - one notebook is one process
    _shared = session


def shared_session() -> Session:
    """Return the notebook's session; one by the environment's settings where there is none yet."""
    session = _shared or connect()
    share(session)
    return session
