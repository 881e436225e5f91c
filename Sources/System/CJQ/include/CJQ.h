#pragma once
#include <stddef.h>

/// libjq, loaded on first use: linking it would cost every start, and jv values are macros and structs by
/// value that Swift cannot handle.
typedef struct rb_jq rb_jq;

/// Compiles one program. NULL on failure; then *error is jq's message, to be freed by the caller.
rb_jq *rb_jq_compile(const char *program, char **error);

/// Runs the program once on one JSON text.
///
/// 0: *output holds the values in order, each followed by a line feed; to be freed by the caller.
/// -1: the program failed; *error is its message, to be freed by the caller.
/// -2: more than max_values values or max_bytes bytes.
int rb_jq_run(rb_jq *jq, const char *input, size_t length, size_t max_values, size_t max_bytes, char **output,
              size_t *output_length, char **error);

void rb_jq_free(rb_jq *jq);
