#include "CCrypto.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

// Declared here and not taken from OpenSSL's headers, so that building needs no -dev package. libcrypto.so.3
// keeps this interface for as long as it keeps its name.
typedef struct evp_md_st EVP_MD;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct ossl_lib_ctx_st OSSL_LIB_CTX;

static struct {
  OSSL_LIB_CTX *(*lib_ctx_new)(void);
  EVP_MD *(*md_fetch)(OSSL_LIB_CTX *, const char *, const char *);
  EVP_MD_CTX *(*ctx_new)(void);
  void (*ctx_free)(EVP_MD_CTX *);
  int (*ctx_copy)(EVP_MD_CTX *, const EVP_MD_CTX *);
  int (*init)(EVP_MD_CTX *, const EVP_MD *, const void *);
  int (*update)(EVP_MD_CTX *, const void *, size_t);
  int (*final)(EVP_MD_CTX *, unsigned char *, unsigned *);
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
    {"EVP_MD_CTX_copy_ex", &evp.ctx_copy},   {"EVP_DigestInit_ex", &evp.init},
    {"EVP_DigestUpdate", &evp.update},       {"EVP_DigestFinal_ex", &evp.final},
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
  OSSL_LIB_CTX *context = evp.lib_ctx_new();
  evp.sha256 = context ? evp.md_fetch(context, "SHA256", NULL) : NULL;
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

rb_sha256 *rb_sha256_copy(const rb_sha256 *hash) {
  EVP_MD_CTX *context = evp.ctx_new();
  if (context && evp.ctx_copy(context, context_of(hash)) != 1) {
    evp.ctx_free(context);
    return NULL;
  }
  return (rb_sha256 *)context;
}

void rb_sha256_destroy(rb_sha256 *hash) {
  if (hash) evp.ctx_free(context_of(hash));
}
