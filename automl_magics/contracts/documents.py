"""What a finished job can be handed on as."""

from pydantic import BaseModel


class JobDocument(BaseModel):
    """A file made of a job, as text."""

    file_name: str
    """From the job's name."""
    media_type: str
    content: str
