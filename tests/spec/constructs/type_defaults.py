# Defaults of type parameters.
# versions: 3.13-
# prints: [<class 'int'>, *tuple[int, str], [<class 'int'>]] list[int] <class 'str'>

def f[T = int, *Ts = *tuple[int, str], **P = [int]](x: T):
    return x


class C[T = list[int]]:
    pass


type A[T = str] = list[T]
print([p.__default__ for p in f.__type_params__], C.__type_params__[0].__default__, A.__type_params__[0].__default__)
