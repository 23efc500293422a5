"""What a finished job is handed on as: a notebook that rebuilds its model, and a report."""
