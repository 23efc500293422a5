"""What a check of an installation has found."""

from pydantic import BaseModel


class Check(BaseModel):
    """One thing that was tried."""

    subject: str
    is_good: bool
    said: str
    """One line: what was seen, or what is wrong and what to do."""
