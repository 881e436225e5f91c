#pragma once

#include <unistd.h>

/// Closes a descriptor that may be closed already, and marks it so.
static inline void close_once(int *descriptor) {
  if (*descriptor >= 0) close(*descriptor);
  *descriptor = -1;
}
