#include "CHiredis.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)
// The library whose headers this was compiled with, and no other: the layout of redisReply differs between
// versions, and each version has a file name of its own.
#define LIBRARY "libhiredis.so." TEXT(HIREDIS_SONAME)

static struct chiredis_functions functions;
static const struct chiredis_functions *loaded;
static char failure[512] = "not loaded";
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    snprintf(failure, sizeof failure, "%s", dlerror());
    return;
  }
// memcpy, because ISO C has no conversion from an object pointer to a function pointer.
#define LOAD(member, name)                                            \
  do {                                                                \
    void *symbol = dlsym(library, #name);                             \
    if (symbol == NULL) {                                             \
      snprintf(failure, sizeof failure, LIBRARY " has no " #name);    \
      return;                                                         \
    }                                                                 \
    memcpy(&functions.member, &symbol, sizeof symbol);                \
  } while (0)
  LOAD(formatCommandArgv, redisFormatCommandArgv);
  LOAD(freeCommand, redisFreeCommand);
  LOAD(readerCreate, redisReaderCreate);
  LOAD(readerFree, redisReaderFree);
  LOAD(readerFeed, redisReaderFeed);
  LOAD(readerGetReply, redisReaderGetReply);
  LOAD(freeReplyObject, freeReplyObject);
#undef LOAD
  loaded = &functions;
}

const struct chiredis_functions *chiredis_load(void) {
  pthread_once(&once, load);
  return loaded;
}

const char *chiredis_load_error(void) { return failure; }
