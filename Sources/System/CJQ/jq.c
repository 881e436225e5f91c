#define _GNU_SOURCE
#include "CJQ.h"

#include <dlfcn.h>
#include <jq.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X)                                                                                          \
  X(jq_init) X(jq_compile) X(jq_set_error_cb) X(jq_start) X(jq_next) X(jq_teardown) X(jq_format_error)        \
  X(jv_parse_sized) X(jv_dump_string) X(jv_string_value) X(jv_string_length_bytes) X(jv_get_kind) X(jv_free)  \
  X(jv_copy) X(jv_invalid_has_msg) X(jv_invalid_get_msg)

static struct {
#define FIELD(name) typeof(&name) name;
  FUNCTIONS(FIELD)
} lib;

struct rb_jq {
  jq_state *state;
  char *message;
};

static int is_loaded;

static void load_once(void) {
  void *handle = dlopen("libjq.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
#define LOAD(name)                                                 \
  if (!(lib.name = (typeof(lib.name))dlsym(handle, #name))) return;
  FUNCTIONS(LOAD)
  is_loaded = 1;
}

static int load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  return pthread_once(&once, load_once) == 0 && is_loaded;
}

/// Keeps the first message: the later ones only count errors.
static void keep_message(void *data, jv message) {
  struct rb_jq *jq = data;
  jv text = lib.jv_get_kind(message) == JV_KIND_STRING ? message : lib.jq_format_error(message);
  if (!jq->message && lib.jv_get_kind(text) == JV_KIND_STRING) jq->message = strdup(lib.jv_string_value(text));
  lib.jv_free(text);
}

static char *take_message(struct rb_jq *jq, const char *otherwise) {
  char *message = jq->message ? jq->message : strdup(otherwise);
  jq->message = NULL;
  return message;
}

rb_jq *rb_jq_compile(const char *program, char **error) {
  *error = NULL;
  if (!load()) {
    *error = strdup("libjq.so.1 is not installed");
    return NULL;
  }
  struct rb_jq *jq = calloc(1, sizeof *jq);
  if (!jq || !(jq->state = lib.jq_init())) {
    *error = strdup("out of memory");
    free(jq);
    return NULL;
  }
  lib.jq_set_error_cb(jq->state, keep_message, jq);
  if (!lib.jq_compile(jq->state, program)) {
    *error = take_message(jq, "does not compile");
    rb_jq_free(jq);
    return NULL;
  }
  free(jq->message);
  jq->message = NULL;
  return jq;
}

int rb_jq_run(rb_jq *jq, const char *input, size_t length, size_t max_values, size_t max_bytes, char **output,
              size_t *output_length, char **error) {
  *output = NULL;
  *output_length = 0;
  *error = NULL;
  if (length > 0x7fffffff) return -2;
  jv value = lib.jv_parse_sized(input, (int)length);
  if (lib.jv_get_kind(value) == JV_KIND_INVALID) {
    lib.jv_free(value);
    *error = strdup("the input is not JSON that jq can read");
    return -1;
  }
  FILE *stream = open_memstream(output, output_length);
  if (!stream) {
    lib.jv_free(value);
    *error = strdup("out of memory");
    return -1;
  }
  int result = 0;
  size_t values = 0, bytes = 0;
  lib.jq_start(jq->state, value, 0);
  while (1) {
    jv next = lib.jq_next(jq->state);
    if (lib.jv_get_kind(next) == JV_KIND_INVALID) {
      if (lib.jv_invalid_has_msg(lib.jv_copy(next))) {
        jv message = lib.jv_invalid_get_msg(next);
        if (lib.jv_get_kind(message) != JV_KIND_STRING) message = lib.jv_dump_string(message, 0);
        *error = strdup(lib.jv_string_value(message));
        lib.jv_free(message);
        result = -1;
      } else {
        lib.jv_free(next);
      }
      break;
    }
    jv text = lib.jv_dump_string(next, 0);
    size_t size = (size_t)lib.jv_string_length_bytes(lib.jv_copy(text));
    values += 1;
    bytes += size + 1;
    if (values > max_values || bytes > max_bytes) {
      lib.jv_free(text);
      result = -2;
      break;
    }
    fwrite(lib.jv_string_value(text), 1, size, stream);
    fputc('\n', stream);
    lib.jv_free(text);
  }
  fclose(stream);
  if (result) {
    free(*output);
    *output = NULL;
    *output_length = 0;
  }
  return result;
}

void rb_jq_free(rb_jq *jq) {
  if (!jq) return;
  if (jq->state) lib.jq_teardown(&jq->state);
  free(jq->message);
  free(jq);
}
