"""Columns of pictures: bytes in, features out."""
