#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct {
  CURLcode (*global_init)(long);
  CURL *(*easy_init)(void);
  void (*easy_cleanup)(CURL *);
  CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
  CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
  const char *(*easy_strerror)(CURLcode);
  struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
  void (*slist_free_all)(struct curl_slist *);
  CURLM *(*multi_init)(void);
  CURLMcode (*multi_cleanup)(CURLM *);
  CURLMcode (*multi_add_handle)(CURLM *, CURL *);
  CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
  CURLMcode (*multi_perform)(CURLM *, int *);
  CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd[], unsigned int, int, int *);
  CURLMsg *(*multi_info_read)(CURLM *, int *);
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[256];

static int find(void *library, const char *name, void **function) {
  *function = dlsym(library, name);
  if (*function == NULL) snprintf(problem, sizeof problem, "libcurl.so.4 has no %s", name);
  return *function != NULL;
}

// POSIX wants dlsym's pointer to be usable as a function pointer; ISO C has no conversion for it.
#define FIND(name) find(library, "curl_" #name, (void **)&curl.name)

static void load(void) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    const char *reason = dlerror();
    snprintf(problem, sizeof problem, "libcurl is not installed: %s", reason ? reason : "unknown reason");
    return;
  }
  int complete = FIND(global_init) && FIND(easy_init) && FIND(easy_cleanup) && FIND(easy_setopt) &&
                 FIND(easy_getinfo) && FIND(easy_strerror) && FIND(slist_append) && FIND(slist_free_all) &&
                 FIND(multi_init) && FIND(multi_cleanup) && FIND(multi_add_handle) &&
                 FIND(multi_remove_handle) && FIND(multi_perform) && FIND(multi_poll) && FIND(multi_info_read);
  if (!complete) return;
  CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) snprintf(problem, sizeof problem, "libcurl: %s", curl.easy_strerror(code));
}

const char *rb_curl_load(void) {
  pthread_once(&once, load);
  return problem[0] ? problem : NULL;
}

CURL *rb_curl_new(void) { return curl.easy_init(); }
void rb_curl_free(CURL *handle) { curl.easy_cleanup(handle); }

CURLcode rb_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl.easy_setopt(handle, option, value);
}

CURLcode rb_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl.easy_setopt(handle, option, value);
}

CURLcode rb_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
  return curl.easy_setopt(handle, option, value);
}

CURLcode rb_curl_set_sink(CURL *handle, CURLoption option, rb_curl_sink sink) {
  return curl.easy_setopt(handle, option, sink);
}

CURLcode rb_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl.easy_getinfo(handle, info, value);
}

CURLcode rb_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
  return curl.easy_getinfo(handle, info, value);
}

CURLcode rb_curl_get_string(CURL *handle, CURLINFO info, const char **value) {
  return curl.easy_getinfo(handle, info, value);
}

const struct curl_slist *rb_curl_certificate(CURL *handle) {
  struct curl_certinfo *chain = NULL;
  if (curl.easy_getinfo(handle, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL) return NULL;
  return chain->num_of_certs > 0 ? chain->certinfo[0] : NULL;
}

const char *rb_curl_message(CURLcode code) { return curl.easy_strerror(code); }

struct curl_slist *rb_curl_append(struct curl_slist *list, const char *text) {
  return curl.slist_append(list, text);
}

void rb_curl_free_list(struct curl_slist *list) {
  for (struct curl_slist *entry = list; entry != NULL; entry = entry->next) {
    explicit_bzero(entry->data, strlen(entry->data));
  }
  curl.slist_free_all(list);
}

CURLM *rb_curl_multi_new(void) { return curl.multi_init(); }
void rb_curl_multi_free(CURLM *multi) { curl.multi_cleanup(multi); }
CURLMcode rb_curl_multi_add(CURLM *multi, CURL *handle) { return curl.multi_add_handle(multi, handle); }

CURLMcode rb_curl_multi_remove(CURLM *multi, CURL *handle) {
  return curl.multi_remove_handle(multi, handle);
}

CURLMcode rb_curl_multi_perform(CURLM *multi, int *running) { return curl.multi_perform(multi, running); }

CURLMcode rb_curl_multi_poll(CURLM *multi, int descriptor, int milliseconds) {
  struct curl_waitfd extra = {.fd = descriptor, .events = CURL_WAIT_POLLIN, .revents = 0};
  return curl.multi_poll(multi, &extra, descriptor < 0 ? 0 : 1, milliseconds, NULL);
}

CURL *rb_curl_multi_next(CURLM *multi, CURLcode *result) {
  int left = 0;
  CURLMsg *message;
  while ((message = curl.multi_info_read(multi, &left)) != NULL) {
    if (message->msg == CURLMSG_DONE) {
      *result = message->data.result;
      return message->easy_handle;
    }
  }
  return NULL;
}
