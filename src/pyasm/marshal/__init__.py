"""marshal: the object format inside `.pyc` files, of every version, read and written on any host.

The reader executes and trusts nothing. The writer gives back the very bytes that were read, as long as the objects
are those that were read: see `Form`.
"""

from pyasm.marshal.form import Form, FrozenDict
from pyasm.marshal.read import loads
from pyasm.marshal.write import dumps

__all__ = ["Form", "FrozenDict", "dumps", "loads"]
