#include "CCrypto.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

// Declared here and not taken from OpenSSL's headers, so that building needs no -dev package. libcrypto.so.3
// keeps this interface for as long as it keeps its name.
typedef struct evp_md_st EVP_MD;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct ossl_lib_ctx_st OSSL_LIB_CTX;

static struct {
  OSSL_LIB_CTX *(*lib_ctx_new)(void);
  EVP_MD *(*md_fetch)(OSSL_LIB_CTX *, const char *, const char *);
  EVP_MD_CTX *(*ctx_new)(void);
  void (*ctx_free)(EVP_MD_CTX *);
  int (*init)(EVP_MD_CTX *, const EVP_MD *, const void *);
  int (*update)(EVP_MD_CTX *, const void *, size_t);
  int (*final)(EVP_MD_CTX *, unsigned char *, unsigned *);
  EVP_PKEY *(*private_key)(OSSL_LIB_CTX *, const char *, const char *, const unsigned char *, size_t);
  EVP_PKEY *(*public_key)(OSSL_LIB_CTX *, const char *, const char *, const unsigned char *, size_t);
  int (*raw_public)(const EVP_PKEY *, unsigned char *, size_t *);
  void (*key_free)(EVP_PKEY *);
  int (*sign_init)(EVP_MD_CTX *, void *, const char *, OSSL_LIB_CTX *, const char *, EVP_PKEY *, const void *);
  int (*sign)(EVP_MD_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);
  int (*verify_init)(EVP_MD_CTX *, void *, const char *, OSSL_LIB_CTX *, const char *, EVP_PKEY *, const void *);
  int (*verify)(EVP_MD_CTX *, const unsigned char *, size_t, const unsigned char *, size_t);
  OSSL_LIB_CTX *context;
  EVP_MD *sha256;
} evp;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char load_error[256];

static void fail(const char *what) { snprintf(load_error, sizeof load_error, "%s", what); }

static void load(void) {
  void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    fail(reason ? reason : "libcrypto.so.3 cannot be loaded");
    return;
  }
  const struct {
    const char *name;
    void *slot;
  } symbols[] = {
    {"OSSL_LIB_CTX_new", &evp.lib_ctx_new},  {"EVP_MD_fetch", &evp.md_fetch},
    {"EVP_MD_CTX_new", &evp.ctx_new},        {"EVP_MD_CTX_free", &evp.ctx_free},
    {"EVP_DigestInit_ex", &evp.init},        {"EVP_DigestUpdate", &evp.update},
    {"EVP_DigestFinal_ex", &evp.final},
    {"EVP_PKEY_new_raw_private_key_ex", &evp.private_key},
    {"EVP_PKEY_new_raw_public_key_ex", &evp.public_key},
    {"EVP_PKEY_get_raw_public_key", &evp.raw_public},
    {"EVP_PKEY_free", &evp.key_free},
    {"EVP_DigestSignInit_ex", &evp.sign_init},
    {"EVP_DigestSign", &evp.sign},
    {"EVP_DigestVerifyInit_ex", &evp.verify_init},
    {"EVP_DigestVerify", &evp.verify},
  };
  for (size_t index = 0; index < sizeof symbols / sizeof symbols[0]; index++) {
    void *symbol = dlsym(library, symbols[index].name);
    if (!symbol) {
      snprintf(load_error, sizeof load_error, "libcrypto.so.3 has no %s", symbols[index].name);
      return;
    }
    *(void **)symbols[index].slot = symbol;
  }
  // A library context of our own reads no openssl.cnf: neither the file nor OPENSSL_CONF chooses who hashes.
  evp.context = evp.lib_ctx_new();
  evp.sha256 = evp.context ? evp.md_fetch(evp.context, "SHA256", NULL) : NULL;
  if (!evp.sha256) fail("libcrypto.so.3 has no SHA-256");
}

int rb_crypto_load(void) {
  pthread_once(&once, load);
  return evp.sha256 ? 0 : -1;
}

const char *rb_crypto_error(void) { return load_error; }

// A rb_sha256 is an EVP_MD_CTX under a name that needs no OpenSSL header.
static EVP_MD_CTX *context_of(const rb_sha256 *hash) { return (EVP_MD_CTX *)hash; }

rb_sha256 *rb_sha256_create(void) {
  if (rb_crypto_load() != 0) return NULL;
  EVP_MD_CTX *context = evp.ctx_new();
  if (context && evp.init(context, evp.sha256, NULL) != 1) {
    evp.ctx_free(context);
    return NULL;
  }
  return (rb_sha256 *)context;
}

int rb_sha256_update(rb_sha256 *hash, const void *bytes, size_t count) {
  return evp.update(context_of(hash), bytes, count) == 1 ? 0 : -1;
}

int rb_sha256_finish(rb_sha256 *hash, unsigned char digest[32]) {
  if (evp.final(context_of(hash), digest, NULL) != 1) return -1;
  return evp.init(context_of(hash), evp.sha256, NULL) == 1 ? 0 : -1;
}

void rb_sha256_destroy(rb_sha256 *hash) {
  if (hash) evp.ctx_free(context_of(hash));
}

int rb_ed25519_public(const unsigned char seed[32], unsigned char public_key[32]) {
  if (rb_crypto_load() != 0) return -1;
  EVP_PKEY *key = evp.private_key(evp.context, "ED25519", NULL, seed, 32);
  size_t count = 32;
  int ok = key && evp.raw_public(key, public_key, &count) == 1 && count == 32;
  if (key) evp.key_free(key);
  return ok ? 0 : -1;
}

int rb_ed25519_sign(const unsigned char seed[32], const void *message, size_t count, unsigned char signature[64]) {
  if (rb_crypto_load() != 0) return -1;
  EVP_PKEY *key = evp.private_key(evp.context, "ED25519", NULL, seed, 32);
  EVP_MD_CTX *context = evp.ctx_new();
  size_t length = 64;
  int ok = key && context && evp.sign_init(context, NULL, NULL, evp.context, NULL, key, NULL) == 1 &&
           evp.sign(context, signature, &length, message, count) == 1 && length == 64;
  if (context) evp.ctx_free(context);
  if (key) evp.key_free(key);
  return ok ? 0 : -1;
}

int rb_ed25519_verify(
    const unsigned char public_key[32], const void *message, size_t count, const unsigned char signature[64]) {
  if (rb_crypto_load() != 0) return -1;
  EVP_PKEY *key = evp.public_key(evp.context, "ED25519", NULL, public_key, 32);
  EVP_MD_CTX *context = evp.ctx_new();
  int ok = key && context && evp.verify_init(context, NULL, NULL, evp.context, NULL, key, NULL) == 1 &&
           evp.verify(context, signature, 64, message, count) == 1;
  if (context) evp.ctx_free(context);
  if (key) evp.key_free(key);
  return ok ? 0 : -1;
}
