"""The formats of a transparency log for the programs beside this file, with nothing of the program's: written from
RFC 6962, RFC 8032 and RFC 9162 and from C2SP signed-note, tlog-checkpoint and tlog-cosignature alone.
"""

import base64
import hashlib

# RFC 8032, section 5.1: Ed25519 in extended coordinates.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def point(data):
    number = int.from_bytes(data, "little")
    y = number & (2**255 - 1)
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, p):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, p)
        p = add(p, p)
        number >>= 1
    return result


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def ed25519_holds(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def ed25519_public(seed):
    """RFC 8032, section 5.1.5."""
    return encoded(times(secret_scalar(seed), BASE))


def ed25519_signature(seed, message):
    """RFC 8032, section 5.1.6."""
    prefix = hashlib.sha512(seed).digest()[32:]
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    first = encoded(times(r, BASE))
    h = int.from_bytes(hashlib.sha512(first + ed25519_public(seed) + message).digest(), "little") % L
    return first + ((r + h * secret_scalar(seed)) % L).to_bytes(32, "little")


def secret_scalar(seed):
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return number & ~7 & (2**254 - 1) | 2**254


def encoded(p):
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


# RFC 6962, section 2.1.
def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(hashes):
    """MTH over leaf hashes, by the definition."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node_hash(tree_hash(hashes[:k]), tree_hash(hashes[k:]))


def included(leaf, index, size, path, root):
    """RFC 9162, section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            if not fn & 1:
                while fn and not fn & 1:
                    fn >>= 1
                    sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    return sn == 0 and r == root


def consistent(old, new, path, old_root, new_root):
    """RFC 9162, section 2.1.4.2; from an empty log to any other nothing is to be proved."""
    if old > new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path
    path = list(path)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    return fr == old_root and sr == new_root and sn == 0


# C2SP signed-note.
class Key:
    def __init__(self, text):
        self.name, self.id, data = text.strip().split("+", 2)
        data = base64.b64decode(data, validate=True)
        assert data[0] == 1 and len(data) == 33, "the key is not of Ed25519"
        self.public = data[1:]
        known = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4].hex()
        assert self.id == known, "the key's ID is wrong"


def note_text(note, key):
    """The text of a note, once the key's signature under it holds."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    assert signatures.endswith("\n"), "the note does not end with a line feed"
    for line in signatures[:-1].split("\n"):
        dash, name, data = line.split(" ")
        assert dash == "\u2014"
        data = base64.b64decode(data, validate=True)
        if name == key.name and data[:4].hex() == key.id:
            assert ed25519_holds(key.public, text.encode(), data[4:]), "a signature does not hold"
            return text
    raise AssertionError(f"the key {key.id} has not signed")


# C2SP tlog-cosignature, Ed25519.
def cosigned_at(note, vkey):
    """The time that a witness's signature under a note speaks for, once it holds."""
    name, identity, data = vkey.strip().split("+", 2)
    data = base64.b64decode(data, validate=True)
    assert data[0] == 4 and len(data) == 33, "the key is no witness's"
    assert hashlib.sha256(name.encode() + b"\n" + data).digest()[:4].hex() == identity, "the key's ID is wrong"
    text, _, signatures = note.rpartition("\n\n")
    for line in signatures[:-1].split("\n"):
        _, signer, value = line.split(" ")
        value = base64.b64decode(value, validate=True)
        if signer == name and value[:4].hex() == identity:
            assert len(value) == 76, "a cosignature has another length"
            time = int.from_bytes(value[4:12], "big")
            message = f"cosignature/v1\ntime {time}\n{text}\n".encode()
            assert ed25519_holds(data[1:], message, value[12:]), "a cosignature does not hold"
            return time
    raise AssertionError(f"{name} has not signed")


# C2SP tlog-checkpoint.
def checkpoint(note, key):
    origin, size, root, rest = note_text(note, key).split("\n")
    assert origin == key.name and rest == ""
    assert size.isascii() and size.isdigit() and str(int(size)) == size
    root = base64.b64decode(root, validate=True)
    assert len(root) == 32
    return int(size), root
