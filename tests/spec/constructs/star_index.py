# Stars in subscripts and in annotations of *args.
# versions: 3.11-
# prints: (1, 2) (0, 1, 2) (1, 2, 1, 2) ()

class S:
    def __getitem__(self, key):
        return key


s, l = S(), [1, 2]
print(s[*l], s[0, *l], s[*l, *l], s[*()])
