#!/usr/bin/env python3
"""Verifies a signed log with nothing of the program's: written from RFC 6962, RFC 8032 and RFC 9162 and from
C2SP tlog-tiles, tlog-checkpoint, signed-note and tlog-proof alone.

    verify_log.py LOG [PROOFS]

LOG is a store or a bundle; PROOFS a folder of N.tlog-proof files, each beside N.line with the event's line.
Prints what was verified; ends with an error at the first thing that does not hold.
"""

import base64
import hashlib
import json
import os
import sys

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


# C2SP tlog-checkpoint.
def checkpoint(note, key):
    origin, size, root, rest = note_text(note, key).split("\n")
    assert origin == key.name and rest == ""
    assert size.isascii() and size.isdigit() and str(int(size)) == size
    root = base64.b64decode(root, validate=True)
    assert len(root) == 32
    return int(size), root


# C2SP tlog-tiles.
def tile_path(level, index, width):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join([str(level)] + groups) + ("" if width == 256 else f".p/{width}")


def read(*parts):
    with open(os.path.join(*parts), "rb") as file:
        return file.read()


def entries_of(log, size):
    entries = []
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        data = read(log, "log/tile", tile_path("entries", index, width))
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            assert len(data) >= 2 + length, "a bundle is too short"
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
        assert not data, "a bundle is too long"
    return entries


def check_tiles(log, leaves):
    level, hashes, count = 0, leaves, 0
    while hashes:
        for index in range((len(hashes) + 255) // 256):
            tile = hashes[index * 256 : index * 256 + 256]
            found = read(log, "log/tile", tile_path(level, index, len(tile)))
            assert found == b"".join(tile), f"tile {tile_path(level, index, len(tile))} differs"
            count += 1
        full = len(hashes) // 256
        hashes = [tree_hash(hashes[index * 256 : index * 256 + 256]) for index in range(full)]
        level += 1
    return count


def main():
    log = sys.argv[1]
    signing = Key(read(log, "keys/log.vkey").decode())
    note = read(log, "log/checkpoint").decode()
    size, root = checkpoint(note, signing)
    entries = entries_of(log, size)
    leaves = [leaf_hash(entry) for entry in entries]
    assert tree_hash(leaves) == root, "the root is another one"
    tiles = check_tiles(log, leaves)
    lines = read(log, "journal/00000000000000000000.jsonl").split(b"\n")
    assert lines.pop() == b"", "the journal does not end with a line feed"
    assert lines[:size] == entries, "journal and entries differ"

    # The key in force after each event that names one.
    keys = [(0, signing)] if size == 0 else []
    previous = None
    for number, line in enumerate(lines):
        event = json.loads(line)
        assert event["seq"] == number and event.get("prev") == previous
        previous = leaf_hash(line).hex()
        if event["type"] in ("log.opened", "key.created", "key.rotated") and "key" in event["data"]:
            if keys:
                assert event["type"] == "key.rotated"
                assert Key(event["data"]["from"]).public == keys[-1][1].public
            keys.append((number + 1, Key(event["data"]["key"])))
    assert keys[-1][1].public == signing.public

    # Every checkpoint ever issued, against the tree as it was: complete subtrees, kept on a stack.
    records = read(log, "checkpoints.log").decode()
    assert records.endswith("\n\n")
    parts = records[:-2].split("\n\n")
    assert len(parts) % 2 == 0
    stack, done, last = [], 0, 0
    for text, signatures in zip(parts[::2], parts[1::2]):
        record = f"{text}\n\n{signatures}\n"
        length = int(text.split("\n")[1])
        key = [key for since, key in keys if since <= length][-1]
        length, expected = checkpoint(record, key)
        assert length >= last, "checkpoints shrink"
        last = length
        while done < length:
            stack.append((1, leaves[done]))
            done += 1
            while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
                (count, right), (_, left) = stack.pop(), stack.pop()
                stack.append((2 * count, node_hash(left, right)))
        value = stack[-1][1] if stack else tree_hash([])
        for _, left in reversed(stack[:-1]):
            value = node_hash(left, value)
        assert value == expected, f"the checkpoint over {length} events is inconsistent"
    assert record == note, "the published checkpoint is not the last one"

    proofs = 0
    for name in os.listdir(sys.argv[2]) if len(sys.argv) > 2 else []:
        if not name.endswith(".tlog-proof"):
            continue
        head, _, under = read(sys.argv[2], name).decode().partition("\n\n")
        version, index, *path = head.split("\n")
        assert version == "c2sp.org/tlog-proof@v1" and index.startswith("index ")
        length, top = checkpoint(under, signing)
        path = [base64.b64decode(value, validate=True) for value in path]
        line = read(sys.argv[2], name.replace(".tlog-proof", ".line"))
        assert included(leaf_hash(line), int(index[6:]), length, path, top), f"{name} proves nothing"
        assert not included(leaf_hash(line + b" "), int(index[6:]), length, path, top)
        proofs += 1
    print(f"{size} events, {len(parts) // 2} checkpoints, {tiles} tiles, {proofs} proofs")


main()
