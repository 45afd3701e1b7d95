"""Native dialects: what one CPython version really executes."""
