# Stars in comprehensions.
# versions: 3.15-
# prints: [1, 2, 3] {1, 2, 3} {'a': 1, 'b': 2} [1, 2, 3]

lists = [[1, 2], [], [3]]
print([*l for l in lists], {*l for l in lists}, {**d for d in ({"a": 1}, {"b": 2})}, list((*l for l in lists)))
