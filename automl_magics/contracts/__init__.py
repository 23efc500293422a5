"""Floor 1: everything that travels between the floors, as pydantic models and enums."""
