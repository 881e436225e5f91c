#!/usr/bin/env python3
"""Verifies a signed log with nothing of the program's: written from RFC 6962, RFC 8032 and RFC 9162 and from
C2SP tlog-tiles, tlog-checkpoint, signed-note and tlog-proof alone.

    verify_log.py LOG [PROOFS]
    verify_log.py --consistency PROOF OLD KEY
    verify_log.py --cosigned NOTE KEY WITNESS

LOG is a store or a bundle; PROOFS a folder of N.tlog-proof files, each beside N.line with the event's line, and of
N.consistency files, each from the log's first N events to a checkpoint. With --consistency nothing of the log is
needed: PROOF must lead from the checkpoint in the file OLD to its own, both signed by KEY (a file).
With --cosigned the checkpoint in the file NOTE must be signed by the keys in the files KEY and WITNESS.
Prints what was verified; ends with an error at the first thing that does not hold.
"""

import base64
import json
import os
import sys

sys.dont_write_bytecode = True
from tlog import Key, checkpoint, consistent, cosigned_at, included, leaf_hash, node_hash, note_text, tree_hash

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


def wrong_paths(path):
    yield path + [bytes(32)]
    for index in range(len(path)):
        yield path[:index] + path[index + 1 :]
        yield path[:index] + [leaf_hash(path[index])] + path[index + 1 :]


def consistency_of(text, key):
    """The proof's older size, its hashes, and the checkpoint behind them."""
    head, _, under = text.partition("\n\n")
    word, *path = head.split("\n")
    old, size = word.split(" ")
    assert old == "old" and size.isascii() and size.isdigit() and str(int(size)) == size
    length, root = checkpoint(under, key)
    return int(size), [base64.b64decode(value, validate=True) for value in path], length, root


def check_consistency(proof, old, key):
    key = Key(read(key).decode())
    kept, before = checkpoint(read(old).decode(), key)
    size, path, length, root = consistency_of(read(proof).decode(), key)
    assert size == kept, f"the proof is from {size} events, and the checkpoint over {kept}"
    assert consistent(size, length, path, before, root), "the proof leads to another root"
    print(f"{length} events begin with the {size} of the older checkpoint")


def members(pairs):
    """An object of JSON; a name given twice means different things to different readers."""
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"a name is given twice: {names}"
    return dict(pairs)


def main():
    if sys.argv[1] == "--consistency":
        check_consistency(*sys.argv[2:])
        return
    if sys.argv[1] == "--cosigned":
        note, key, witness = (read(path).decode() for path in sys.argv[2:])
        size, _ = checkpoint(note, Key(key))
        print(f"{size} events, cosigned at {cosigned_at(note, witness)}")
        return
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

    # Every checkpoint ever issued, by its size.
    records = read(log, "checkpoints.log").decode()
    assert records.endswith("\n\n")
    parts = records[:-2].split("\n\n")
    assert len(parts) % 2 == 0
    records = [f"{text}\n\n{signatures}\n" for text, signatures in zip(parts[::2], parts[1::2])]
    sizes = [int(record.split("\n")[1]) for record in records]

    # The key in force after each event that names one. A new key counts where the old one signed for it: both are
    # under a checkpoint that ends with this event. What is not signed yet changes nothing yet.
    keys = [(0, signing)] if size == 0 else []
    previous = None
    # Attempts that were begun, of each run and step: nothing else can end.
    begun = set()
    for number, line in enumerate(lines):
        event = json.loads(line, object_pairs_hook=members)
        assert event["seq"] == number and event.get("prev") == previous
        previous = leaf_hash(line).hex()
        if "run" in event and event.get("step", {}).get("attempt") is not None:
            attempt = (event["run"]["id"], event["step"]["id"], event["step"]["attempt"])
            if event["type"] == "step.intent":
                begun.add(attempt)
            elif event["type"] in ("step.finished", "step.withdrawn", "step.unknown", "step.resolved"):
                assert attempt in begun, f"event {number} ends what never began"
        if event["type"] in ("log.opened", "key.created", "key.rotated") and "key" in event["data"]:
            key = Key(event["data"]["key"])
            if keys:
                old = keys[-1][1]
                assert event["type"] == "key.rotated"
                assert Key(event["data"]["from"]).public == old.public and key.name == old.name
                if number >= size:
                    continue
                over = [record for record, length in zip(records, sizes) if length == number + 1]
                assert over, f"no checkpoint over the change of the key by event {number}"
                for record in over:
                    assert checkpoint(record, old) == checkpoint(record, key)
            else:
                assert event["type"] != "key.rotated"
            keys.append((number + 1, key))
    assert keys[-1][1].public == signing.public

    # Every checkpoint, against the tree as it was: complete subtrees, kept on a stack.
    stack, done, last = [], 0, 0
    for record, length in zip(records, sizes):
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
        if name.endswith(".consistency"):
            old, path, length, top = consistency_of(read(sys.argv[2], name).decode(), signing)
            assert old == int(name.partition(".")[0])
            before = tree_hash(leaves[:old])
            assert consistent(old, length, path, before, top), f"{name} proves nothing"
            for wrong in wrong_paths(path) if old else []:
                assert not consistent(old, length, wrong, before, top), f"{name} proves too much"
            if old:
                assert not consistent(old, length, path, leaf_hash(before), top)
            proofs += 1
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
    print(f"{size} events, {len(records)} checkpoints, {tiles} tiles, {proofs} proofs")


main()
