#pragma once
#include <stddef.h>
#include <stdint.h>

/// SHA-256, Ed25519 and time stamps from OpenSSL's libcrypto, which is loaded on first use: programs that hash nothing do not
/// pay for it.

/// Loads libcrypto. 0, or -1 with the reason in rb_crypto_error(). Any thread; the first call does the work.
int rb_crypto_load(void);

/// Why rb_crypto_load() failed; "" where it did not. Lives as long as the process.
const char *rb_crypto_error(void);

/// One running hash.
typedef struct rb_sha256 rb_sha256;

/// A hash of nothing yet; NULL without libcrypto or memory.
rb_sha256 *rb_sha256_create(void);

/// Adds bytes. 0, or -1.
int rb_sha256_update(rb_sha256 *hash, const void *bytes, size_t count);

/// Writes the digest of what was added and starts over. 0, or -1.
int rb_sha256_finish(rb_sha256 *hash, unsigned char digest[32]);

/// Frees it; NULL does nothing.
void rb_sha256_destroy(rb_sha256 *hash);

/// The Ed25519 public key (RFC 8032) of a seed. 0, or -1.
int rb_ed25519_public(const unsigned char seed[32], unsigned char public_key[32]);

/// Signs a message. 0, or -1.
int rb_ed25519_sign(const unsigned char seed[32], const void *message, size_t count, unsigned char signature[64]);

/// 0 where the signature is the key's over the message, else -1.
int rb_ed25519_verify(
    const unsigned char public_key[32], const void *message, size_t count, const unsigned char signature[64]);

/// Certificates that time stamps must lead to.
typedef struct rb_authorities rb_authorities;

/// Reads certificates (PEM). NULL with the reason in `problem` where there are none.
rb_authorities *rb_authorities_load(const char *path, char *problem, size_t size);

/// Frees them; NULL does nothing.
void rb_authorities_destroy(rb_authorities *authorities);

/// Verifies an RFC 3161 response over `data`, certificates as of its own time. 0 and the seconds since 1970, or -1
/// with the reason in `problem`. One thread at a time for the same authorities.
int rb_timestamp_verify(
    rb_authorities *authorities, const void *token, size_t token_size, const void *data, size_t data_size,
    int64_t *seconds, char *problem, size_t size);
