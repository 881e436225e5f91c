#pragma once

// Turning a request into a process.

#include <stdbool.h>
#include <sys/types.h>

#include "CProcess.h"

/// A spawn as received: descriptors by meaning, -1 where there is none.
struct spawn_request {
  rb_spawn head;
  int channel, strings, input, output, error, body, keep[2], terminal;
};

/// What came of it.
struct spawn_result {
  /// 0 where nothing was started.
  pid_t pid;
  /// `run/step/attempt`, allocated; NULL where nothing was started.
  char *marker;
  /// See `rb_read_mark`; 0 where the system's own limit forbids one.
  uint64_t mark;
  int error_number;
  int stage;
};

/// The signals that the supervisor ignores and its children must not.
extern const int spawn_ignored_signals[];
extern const int spawn_ignored_signal_count;

/// Sorts received descriptors by the flags; false if there are too few of them.
bool spawn_sort(struct spawn_request *request, const int *descriptors, int count);

/// Starts it: own session, killed with this process, default signals, nothing open but 0, 1, 2 and the body.
/// The strings are wiped before this returns. Closes all descriptors but channel, keep and terminal.
///
/// `announce` is told of marker and mark before anything is started.
struct spawn_result spawn_start(
  struct spawn_request *request, void (*announce)(const char *marker, uint64_t mark));

/// Closes every descriptor that is still open.
void spawn_close(struct spawn_request *request);
