#!/usr/bin/env python3
"""A witness for tests, written from C2SP tlog-witness, tlog-cosignature, tlog-checkpoint and signed-note alone.

    witness.py FOLDER KEY [LIE]    KEY is a file with the public key of the one log it knows

Makes FOLDER/witness.vkey, listens, and writes its URL to FOLDER/url; ends when there is a FOLDER/end. What it signed
last is in FOLDER/seen, which a new one goes on with; FOLDER/requests says what was asked and answered. LIE makes it
one that is not to be believed:

    other-key        signs with another key under its name and the ID of its key
    other-name       signs with another key under that key's own name
    other-text       signs another checkpoint
    garbage          answers 200 with something else
    moving           says at every request that it has seen another size
"""

import base64
import hashlib
import http.server
import os
import sys
import time

sys.dont_write_bytecode = True
from tlog import Key, consistent, ed25519_public, ed25519_signature, note_text

FOLDER = os.path.abspath(sys.argv[1])
LIE = sys.argv[3] if len(sys.argv) > 3 else ""
NAME = "witness.example/w1"


class Refusal(Exception):
    def __init__(self, status, body=b"", kind="text/plain"):
        super().__init__(status)
        self.status, self.body, self.kind = status, body, kind


def stored(name, text=None):
    path = f"{FOLDER}/{name}"
    if text is None:
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            return file.read()
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)
    return text


def key_id(name, public):
    return hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]


def cosignature(seed, name, identity, text):
    now = int(time.time())
    signature = ed25519_signature(seed, f"cosignature/v1\ntime {now}\n{text}".encode())
    data = base64.b64encode(identity + now.to_bytes(8, "big") + signature).decode()
    return f"\u2014 {name} {data}\n"


def decimal(text):
    if not (text.isascii() and text.isdigit() and str(int(text)) == text):
        raise Refusal(400, b"that is no number\n")
    return int(text)


def judge(body, log, seed):
    """The answer to one request: signature lines, or a Refusal."""
    head, blank, note = body.decode().partition("\n\n")
    word, *path = head.split("\n")
    if not blank or not word.startswith("old ") or len(path) > 63:
        raise Refusal(400, b"that is no request\n")
    old = decimal(word[4:])
    proof = [base64.b64decode(line, validate=True) for line in path]
    if any(len(value) != 32 for value in proof):
        raise Refusal(400, b"that is no hash\n")
    if note.split("\n")[0] != log.name:
        raise Refusal(404)
    try:
        text = note_text(note, log)
    except AssertionError as error:
        raise Refusal(403) from error
    _, size, root = text.split("\n")[:3]
    size, root = decimal(size), base64.b64decode(root, validate=True)
    if old > size:
        raise Refusal(400, b"the old size is beyond the new one\n")
    seen = stored("seen")
    last, last_root = (0, b"") if seen is None else (int(seen.split()[0]), base64.b64decode(seen.split()[1]))
    if LIE == "moving":
        last = size // 2 if old != size // 2 else size // 3
    if old != last:
        raise Refusal(409, f"{last}\n".encode(), "text/x.tlog.size")
    if old == size and seen is not None and root != last_root:
        raise Refusal(409)
    if not (old == size and not proof) and not consistent(old, size, proof, last_root, root):
        raise Refusal(422)
    stored("seen", f"{size} {base64.b64encode(root).decode()}\n")
    public = ed25519_public(seed)
    identity, other = key_id(NAME, public), bytes(reversed(seed))
    if LIE == "other-key":
        return cosignature(other, NAME, identity, text)
    if LIE == "other-name":
        name = "witness.example/w2"
        return cosignature(other, name, key_id(name, ed25519_public(other)), text)
    if LIE == "other-text":
        return cosignature(seed, NAME, identity, text.replace(f"\n{size}\n", f"\n{size + 1}\n"))
    if LIE == "garbage":
        return "signed, as you wished\n"
    # A signature of a kind that nobody knows yet comes first: it is to be ignored.
    unknown = base64.b64encode(b"\x01\x02\x03\x04" + bytes(90)).decode()
    return f"\u2014 {NAME} {unknown}\n" + cosignature(seed, NAME, identity, text)


class Witness(http.server.BaseHTTPRequestHandler):
    log, seed = None, None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, kind = 200, "text/plain; charset=utf-8"
        try:
            if self.path != "/prefix/add-checkpoint":
                raise Refusal(404)
            answer = judge(body, self.log, self.seed).encode()
        except Refusal as refusal:
            status, answer, kind = refusal.status, refusal.body, refusal.kind
        first = body.split(b"\n", 1)[0].decode()
        with open(f"{FOLDER}/requests", "a", encoding="utf-8") as file:
            file.write(f"{first}: {status}\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main():
    seed = hashlib.sha256(b"a witness for tests").digest()
    with open(sys.argv[2], encoding="utf-8") as file:
        Witness.log, Witness.seed = Key(file.read()), seed
    public = ed25519_public(seed)
    text = base64.b64encode(b"\x04" + public).decode()
    stored("witness.vkey", f"{NAME}+{key_id(NAME, public).hex()}+{text}\n")
    server = http.server.HTTPServer(("127.0.0.1", 0), Witness)
    stored("url", f"http://127.0.0.1:{server.server_port}/prefix")
    server.timeout = 0.1
    while not os.path.exists(f"{FOLDER}/end"):
        server.handle_request()


main()
