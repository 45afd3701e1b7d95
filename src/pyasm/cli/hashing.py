"""The hash of its source that a .pyc file may hold: SipHash (Aumasson and Bernstein, 2012) with CPython's key."""

from pyasm.isa import Dialect

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_ROUNDS = {"siphash13": (1, 3), "siphash24": (2, 4)}
"""How often the state is mixed for each word, and at the end."""

State = tuple[int, int, int, int]


def source_hash(data: bytes, dialect: Dialect) -> bytes:
    """The eight bytes by which that version of CPython knows these bytes of a source again.

    The key is the first four bytes of its .pyc files, as a little-endian number; the other half of the key is zero.
    """
    each, last = _ROUNDS[dialect.source_hash]
    key = dialect.magic | int.from_bytes(b"\r\n", "little") << 16
    state: State = (key ^ 0x736F6D6570736575, 0x646F72616E646F6D, key ^ 0x6C7967656E657261, 0x7465646279746573)
    whole = len(data) & ~7
    words = [int.from_bytes(data[i : i + 8], "little") for i in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        a, b, c, d = _mixed((*state[:3], state[3] ^ word), each)
        state = (a ^ word, b, c, d)
    a, b, c, d = _mixed((state[0], state[1], state[2] ^ 0xFF, state[3]), last)
    return (a ^ b ^ c ^ d).to_bytes(8, "little")


def _mixed(state: State, rounds: int) -> State:
    a, b, c, d = state
    for _ in range(rounds):
        a = (a + b) & _MASK
        b = _rotated(b, 13) ^ a
        a = _rotated(a, 32)
        c = (c + d) & _MASK
        d = _rotated(d, 16) ^ c
        a = (a + d) & _MASK
        d = _rotated(d, 21) ^ a
        c = (c + b) & _MASK
        b = _rotated(b, 17) ^ c
        c = _rotated(c, 32)
    return a, b, c, d


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _MASK
