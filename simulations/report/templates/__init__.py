"""Pages as text with gaps; `_pages` fills them in."""
