"""Pretrained networks that texts and pictures are described by, beside what is learned here."""
