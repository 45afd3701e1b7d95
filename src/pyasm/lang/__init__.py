"""The assembly language: from its text to portable `Code`.

`parser` reads a text as a tree (`tree`), `expand` makes instructions of it. docs/language.md has the grammar.
"""
