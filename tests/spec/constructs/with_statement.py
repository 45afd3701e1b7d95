# with: what __enter__ gives, how __exit__ is called, swallowed exceptions, several managers, return, break and continue in it.
# prints: +a body -a None False +b B -b None False +c C [] -c None False 
# prints: +a +b +c A C -c ValueError True -b None False -a None False after +out +in -in KeyError True -out KeyError True after 
# prints: +r -r None False +r +s +t -t None False -s None False -r None False R ('S', 0)
# prints: +0 body -0 None False +1 -1 None False +2 -2 ValueError True +3 -3 None False +t inner finally -t TypeError True 3 ZeroDivisionError
# prints: +x +y -y None False -x None False ({'k': 'X'}, 'Y')
# prints: +g G 2
# prints: -g GeneratorExit True +g -g KeyError True 'thrown'
# prints: +module MODULE -module None False +fails -fails ValueError True passes

class M:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow

    def __enter__(self):
        print("+" + self.name, end=" ")
        return self.name.upper()

    def __exit__(self, kind, value, traceback):
        print("-" + self.name, kind and kind.__name__, traceback is not None, end=" ")
        return self.swallow


def plain():
    with M("a"):
        print("body", end=" ")
    with M("b") as x:
        print(x, end=" ")
    with M("c") as (y, *z):
        print(y, z, end=" ")


def several():
    with M("a") as a, M("b"), M("c", swallow=True) as c:
        print(a, c, end=" ")
        raise ValueError
    print("after", end=" ")


def nested():
    with M("out", swallow=True):
        with M("in"):
            raise KeyError("k")
    print("after", end=" ")


def returning():
    with M("r") as x:
        return x


def returning_from_two():
    with M("r"), M("s") as s:
        for i in range(2):
            with M("t"):
                return s, i


def loop():
    for i in range(4):
        with M(str(i), swallow=True):
            if i == 1:
                continue
            if i == 2:
                raise ValueError
            if i == 3:
                break
            print("body", end=" ")
    return i


def with_try():
    try:
        with M("t") as t:
            try:
                1 // 0
            except ZeroDivisionError:
                print("inner", end=" ")
                raise TypeError
            finally:
                print("finally", end=" ")
    except TypeError as error:
        return type(error.__context__).__name__


def target():
    o = {}
    with M("x") as o["k"], M("y") as M.attribute:
        pass
    return o, M.attribute


def yielding():
    with M("g") as g:
        yield g
        yield 2


plain()
print()
several()
nested()
print()
print(returning(), returning_from_two())
print(loop(), with_try())
print(target())
g = yielding()
print(next(g), next(g))
g.close()
g = yielding()
next(g)
try:
    g.throw(KeyError("thrown"))
except KeyError as error:
    print(error)
with M("module") as m:
    print(m, end=" ")
try:
    with M("fails"):
        raise ValueError("passes")
except ValueError as error:
    print(error)
