#!/usr/bin/env python3
"""A time stamping authority (RFC 3161) for tests: openssl ts behind HTTP, with certificates of its own.

    time_stamping.py FOLDER    makes FOLDER/ca.pem, listens, and writes its URL to FOLDER/url;
                               ends when there is a FOLDER/end
"""

import http.server
import os
import subprocess
import sys

FOLDER = os.path.abspath(sys.argv[1])

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:TRUE
[signer]
basicConstraints = CA:FALSE
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = authority
[authority]
serial = {0}/serial
signer_cert = {0}/signer.pem
certs = {0}/ca.pem
signer_key = {0}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def openssl(*words, **options):
    return subprocess.run(("openssl",) + words, check=True, cwd=FOLDER, capture_output=True, **options).stdout


class Authority(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open(f"{FOLDER}/query", "wb") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])))
        reply = openssl("ts", "-reply", "-config", "configuration", "-queryfile", "query")
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


def main():
    with open(f"{FOLDER}/configuration", "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(FOLDER))
    with open(f"{FOLDER}/serial", "w", encoding="ascii") as file:
        file.write("01\n")
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "configuration")
    openssl("req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority", "-extensions", "ca")
    openssl("req", "-new", *ec, "-keyout", "signer.key", "-out", "signer.csr", "-subj", "/CN=test signer")
    openssl(
        "x509", "-req", "-in", "signer.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-extfile", "configuration", "-extensions", "signer", "-out", "signer.pem")
    server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
    with open(f"{FOLDER}/url.new", "w", encoding="ascii") as file:
        file.write(f"http://127.0.0.1:{server.server_port}/")
    os.rename(f"{FOLDER}/url.new", f"{FOLDER}/url")
    server.timeout = 0.2
    while not os.path.exists(f"{FOLDER}/end"):
        server.handle_request()


main()
