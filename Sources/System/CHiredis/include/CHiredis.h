#pragma once

// hiredis, loaded with dlopen on first use, as every library that only some steps need.
//
// Only its protocol half is used, the formatter and the reader: connecting, waiting and interrupting are done
// by the caller on its own descriptor, because hiredis 0.14 can neither be interrupted nor given a deadline.

#include <hiredis/hiredis.h>

#pragma clang assume_nonnull begin

/// The functions of hiredis that are called.
struct chiredis_functions {
  __typeof__(redisFormatCommandArgv) *formatCommandArgv;
  __typeof__(redisFreeCommand) *freeCommand;
  __typeof__(redisReaderCreate) *readerCreate;
  __typeof__(redisReaderFree) *readerFree;
  __typeof__(redisReaderFeed) *readerFeed;
  __typeof__(redisReaderGetReply) *readerGetReply;
  __typeof__(freeReplyObject) *freeReplyObject;
};

/// The functions, loaded by the first call; NULL where the library or one of them is missing. Thread-safe.
const struct chiredis_functions *_Nullable chiredis_load(void);

/// Why `chiredis_load` returned NULL: the loader's own words. Valid after it returned.
const char *chiredis_load_error(void);

#pragma clang assume_nonnull end
