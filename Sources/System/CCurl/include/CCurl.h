#pragma once

// libcurl, loaded on first use. Swift cannot call its variadic functions, and linking it would map about
// twenty libraries into every start. Its header is used for types and constants only.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stddef.h>

typedef size_t (*rb_curl_sink)(char *bytes, size_t size, size_t count, void *context);

/// Loads libcurl once, from any thread. Returns NULL, or why it could not be loaded.
const char *rb_curl_load(void);

// All of the following want a successful load before.

CURL *rb_curl_new(void);
void rb_curl_free(CURL *handle);
CURLcode rb_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode rb_curl_set_size(CURL *handle, CURLoption option, curl_off_t value);
/// For options that take a string (copied by libcurl; NULL resets) or a pointer (kept).
CURLcode rb_curl_set_pointer(CURL *handle, CURLoption option, const void *value);
CURLcode rb_curl_set_sink(CURL *handle, CURLoption option, rb_curl_sink sink);
CURLcode rb_curl_get_long(CURL *handle, CURLINFO info, long *value);
CURLcode rb_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value);
CURLcode rb_curl_get_string(CURL *handle, CURLINFO info, const char **value);
/// The entries of the server's own certificate, `Name:value` each; NULL where there is none.
const struct curl_slist *rb_curl_certificate(CURL *handle);
const char *rb_curl_message(CURLcode code);

struct curl_slist *rb_curl_append(struct curl_slist *list, const char *text);
/// Overwrites the texts before it frees them: they may hold secrets.
void rb_curl_free_list(struct curl_slist *list);

CURLM *rb_curl_multi_new(void);
void rb_curl_multi_free(CURLM *multi);
CURLMcode rb_curl_multi_add(CURLM *multi, CURL *handle);
CURLMcode rb_curl_multi_remove(CURLM *multi, CURL *handle);
CURLMcode rb_curl_multi_perform(CURLM *multi, int *running);
/// Waits for the transfers, for `descriptor` to become readable (-1: none), or for `milliseconds`.
CURLMcode rb_curl_multi_poll(CURLM *multi, int descriptor, int milliseconds);
/// Takes the next transfer that ended. Returns its handle, or NULL where none did.
CURL *rb_curl_multi_next(CURLM *multi, CURLcode *result);
