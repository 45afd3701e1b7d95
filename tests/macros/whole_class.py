"""A class: every function in it, whatever it is wrapped in, and super() still knows its class."""

from pyasm import macro


def shout(tups):
    return [(inst, arg.upper()) if inst == "LOAD_CONST" and arg[:1] == '"' else (inst, arg) for inst, arg in tups]


class Base:
    def __init__(self, log):
        self.log = log


@macro(shout)
class Greeter(Base):
    """A class."""

    greeting = "class attributes stay"

    def __init__(self, log):
        super().__init__(log + ["init"])

    def method(self):
        return "method"

    @staticmethod
    def static():
        return "static"

    @classmethod
    def of_class(cls):
        return cls.__name__, "class"

    @property
    def prop(self):
        """A property."""
        return "prop"

    @prop.setter
    def prop(self, value):
        self.log.append("set " + value)

    class Inner:
        def get(self):
            return "inner"


g = Greeter([])
g.prop = "x"
print(g.log, g.method(), g.static(), Greeter.static(), g.of_class(), g.prop, Greeter.prop.__doc__, g.Inner().get())
print(g.greeting, Greeter.__doc__)
print(macro(shout)(g.method)(), macro(shout)(Greeter.of_class)())

# prints:
# ['INIT', 'SET x'] METHOD STATIC STATIC ('Greeter', 'CLASS') PROP A property. INNER
# class attributes stay A class.
# METHOD ('Greeter', 'CLASS')
