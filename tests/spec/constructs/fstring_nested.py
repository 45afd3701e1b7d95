# f-strings with the same quotes inside, comments, backslashes and lines.
# versions: 3.12-
# prints: [1, 2] a
# prints: b 2   1
# prints: [1, 2]

x = {"k": [1, 2]}
print(f"{x["k"]}", f"{"\n".join(["a", "b"])}", f"{f"{f"{1 + 1}"}"}", f"{x["k"][0]:{"3"}}")
print(f"{
    x["k"]  # a comment
}")
