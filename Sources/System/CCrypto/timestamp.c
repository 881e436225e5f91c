#include "CCrypto.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// Declared here and not taken from OpenSSL's headers: see crypto.c.
typedef struct asn1_string_st ASN1_TIME;
typedef struct bio_st BIO;
typedef struct ossl_lib_ctx_st OSSL_LIB_CTX;
typedef struct ts_msg_imprint_st TS_MSG_IMPRINT;
typedef struct ts_resp_st TS_RESP;
typedef struct ts_tst_info_st TS_TST_INFO;
typedef struct ts_verify_ctx TS_VERIFY_CTX;
typedef struct x509_algor_st X509_ALGOR;
typedef struct x509_store_st X509_STORE;
typedef struct x509_verify_param_st X509_VERIFY_PARAM;
typedef struct asn1_object_st ASN1_OBJECT;

static struct {
  OSSL_LIB_CTX *(*lib_ctx_new)(void);
  OSSL_LIB_CTX *(*set_default)(OSSL_LIB_CTX *);
  int (*init)(unsigned long long, const void *);
  BIO *(*bio_new)(const void *, int);
  TS_RESP *(*resp_read)(TS_RESP **, const unsigned char **, long);
  void (*resp_free)(TS_RESP *);
  TS_TST_INFO *(*resp_info)(TS_RESP *);
  const ASN1_TIME *(*info_time)(const TS_TST_INFO *);
  TS_MSG_IMPRINT *(*info_imprint)(TS_TST_INFO *);
  X509_ALGOR *(*imprint_algorithm)(TS_MSG_IMPRINT *);
  void (*algorithm_object)(const ASN1_OBJECT **, int *, const void **, const X509_ALGOR *);
  int (*object_number)(const ASN1_OBJECT *);
  int (*time_fields)(const ASN1_TIME *, struct tm *);
  TS_VERIFY_CTX *(*verify_new)(void);
  void (*verify_free)(TS_VERIFY_CTX *);
  int (*verify_flags)(TS_VERIFY_CTX *, int);
  BIO *(*verify_data)(TS_VERIFY_CTX *, BIO *);
  X509_STORE *(*verify_store)(TS_VERIFY_CTX *, X509_STORE *);
  int (*verify)(TS_VERIFY_CTX *, TS_RESP *);
  X509_STORE *(*store_new)(void);
  void (*store_free)(X509_STORE *);
  int (*store_up)(X509_STORE *);
  int (*store_load)(X509_STORE *, const char *);
  X509_VERIFY_PARAM *(*store_param)(const X509_STORE *);
  void (*param_time)(X509_VERIFY_PARAM *, time_t);
  unsigned long (*error_all)(const char **, int *, const char **, const char **, int *);
  const char *(*error_reason)(unsigned long);
  void (*error_clear)(void);
  OSSL_LIB_CTX *context;
} ts;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char load_error[256];

static void load(void) {
  void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(load_error, sizeof load_error, "%s", reason ? reason : "libcrypto.so.3 cannot be loaded");
    return;
  }
  const struct {
    const char *name;
    void *slot;
  } symbols[] = {
    {"OSSL_LIB_CTX_new", &ts.lib_ctx_new},
    {"OSSL_LIB_CTX_set0_default", &ts.set_default},
    {"OPENSSL_init_crypto", &ts.init},
    {"BIO_new_mem_buf", &ts.bio_new},
    {"d2i_TS_RESP", &ts.resp_read},
    {"TS_RESP_free", &ts.resp_free},
    {"TS_RESP_get_tst_info", &ts.resp_info},
    {"TS_TST_INFO_get_time", &ts.info_time},
    {"TS_TST_INFO_get_msg_imprint", &ts.info_imprint},
    {"TS_MSG_IMPRINT_get_algo", &ts.imprint_algorithm},
    {"X509_ALGOR_get0", &ts.algorithm_object},
    {"OBJ_obj2nid", &ts.object_number},
    {"ASN1_TIME_to_tm", &ts.time_fields},
    {"TS_VERIFY_CTX_new", &ts.verify_new},
    {"TS_VERIFY_CTX_free", &ts.verify_free},
    {"TS_VERIFY_CTX_set_flags", &ts.verify_flags},
    {"TS_VERIFY_CTX_set_data", &ts.verify_data},
    {"TS_VERIFY_CTX_set_store", &ts.verify_store},
    {"TS_RESP_verify_response", &ts.verify},
    {"X509_STORE_new", &ts.store_new},
    {"X509_STORE_free", &ts.store_free},
    {"X509_STORE_up_ref", &ts.store_up},
    {"X509_STORE_load_file", &ts.store_load},
    {"X509_STORE_get0_param", &ts.store_param},
    {"X509_VERIFY_PARAM_set_time", &ts.param_time},
    {"ERR_get_error_all", &ts.error_all},
    {"ERR_reason_error_string", &ts.error_reason},
    {"ERR_clear_error", &ts.error_clear},
  };
  for (size_t index = 0; index < sizeof symbols / sizeof symbols[0]; index++) {
    void *symbol = dlsym(library, symbols[index].name);
    if (!symbol) {
      snprintf(load_error, sizeof load_error, "libcrypto.so.3 has no %s", symbols[index].name);
      return;
    }
    *(void **)symbols[index].slot = symbol;
  }
  // OPENSSL_INIT_NO_LOAD_CONFIG: no openssl.cnf chooses who verifies.
  ts.init(0x80, NULL);
  ts.context = ts.lib_ctx_new();
  if (!ts.context) snprintf(load_error, sizeof load_error, "libcrypto.so.3: out of memory");
}

// The first thing that went wrong, in OpenSSL's words.
static void explain(char *problem, size_t size, const char *otherwise) {
  const char *data = "";
  int flags = 0;
  unsigned long error = ts.error_all(NULL, NULL, NULL, &data, &flags);
  const char *reason = error ? ts.error_reason(error) : NULL;
  // ERR_TXT_STRING: the data is text.
  int has_data = reason && (flags & 2) && data && *data;
  snprintf(problem, size, "%s%s%s", reason ? reason : otherwise, has_data ? ", " : "", has_data ? data : "");
}

struct rb_authorities {
  X509_STORE *store;
};

rb_authorities *rb_authorities_load(const char *path, char *problem, size_t size) {
  pthread_once(&once, load);
  if (!ts.context) {
    snprintf(problem, size, "%s", load_error);
    return NULL;
  }
  OSSL_LIB_CTX *before = ts.set_default(ts.context);
  ts.error_clear();
  rb_authorities *authorities = calloc(1, sizeof *authorities);
  if (authorities) authorities->store = ts.store_new();
  if (!authorities || !authorities->store || ts.store_load(authorities->store, path) != 1) {
    explain(problem, size, "out of memory");
    rb_authorities_destroy(authorities);
    authorities = NULL;
  }
  ts.error_clear();
  ts.set_default(before);
  return authorities;
}

void rb_authorities_destroy(rb_authorities *authorities) {
  if (!authorities) return;
  if (authorities->store) ts.store_free(authorities->store);
  free(authorities);
}

// Where two texts can have one digest, a stamp over the one is a stamp over the other.
static int has_strong_digest(TS_TST_INFO *info) {
  const ASN1_OBJECT *object = NULL;
  ts.algorithm_object(&object, NULL, NULL, ts.imprint_algorithm(ts.info_imprint(info)));
  int number = object ? ts.object_number(object) : 0;
  // NID_sha256, NID_sha384, NID_sha512.
  return number == 672 || number == 673 || number == 674;
}

static int verify(
    rb_authorities *authorities, const unsigned char *token, size_t token_size, const void *data, size_t data_size,
    int64_t *seconds, char *problem, size_t size) {
  const unsigned char *end = token;
  TS_RESP *response = ts.resp_read(NULL, &end, (long)token_size);
  TS_TST_INFO *info = response ? ts.resp_info(response) : NULL;
  struct tm fields = {0};
  TS_VERIFY_CTX *context = NULL;
  int result = -1;
  if (!info || end != token + token_size || ts.time_fields(ts.info_time(info), &fields) != 1) {
    snprintf(problem, size, "it is no time stamp");
  } else if (!has_strong_digest(info)) {
    snprintf(problem, size, "it is over a digest that is none of SHA-256, SHA-384 and SHA-512");
  } else if (!(context = ts.verify_new())) {
    snprintf(problem, size, "out of memory");
  } else {
    time_t time = timegm(&fields);
    // Certificates are judged as of the stamp: they end, and what they signed before does not.
    ts.param_time(ts.store_param(authorities->store), time);
    ts.store_up(authorities->store);
    // TS_VFY_SIGNATURE, _VERSION, _DATA, _SIGNER.
    ts.verify_flags(context, 1 | 2 | 16 | 64);
    ts.verify_store(context, authorities->store);
    ts.verify_data(context, ts.bio_new(data, (int)data_size));
    ts.error_clear();
    if (ts.verify(context, response) == 1) {
      *seconds = time;
      result = 0;
    } else {
      explain(problem, size, "it does not hold");
    }
  }
  if (context) ts.verify_free(context);
  if (response) ts.resp_free(response);
  return result;
}

int rb_timestamp_verify(
    rb_authorities *authorities, const void *token, size_t token_size, const void *data, size_t data_size,
    int64_t *seconds, char *problem, size_t size) {
  OSSL_LIB_CTX *before = ts.set_default(ts.context);
  int result = verify(authorities, token, token_size, data, data_size, seconds, problem, size);
  ts.error_clear();
  ts.set_default(before);
  return result;
}
