#include "CPQ.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct cpq_functions functions;
static const struct cpq_functions *loaded;
static char failure[512] = "not loaded";
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
  // The name with its ABI version: the one without belongs to the development package.
  void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    snprintf(failure, sizeof failure, "%s", dlerror());
    return;
  }
// memcpy, because ISO C has no conversion from an object pointer to a function pointer.
#define LOAD(member, name)                                                   \
  do {                                                                       \
    void *symbol = dlsym(library, #name);                                    \
    if (symbol == NULL) {                                                    \
      snprintf(failure, sizeof failure, "libpq.so.5 has no " #name);         \
      return;                                                                \
    }                                                                        \
    memcpy(&functions.member, &symbol, sizeof symbol);                       \
  } while (0)
  LOAD(connectStartParams, PQconnectStartParams);
  LOAD(connectPoll, PQconnectPoll);
  LOAD(conninfoParse, PQconninfoParse);
  LOAD(conninfoFree, PQconninfoFree);
  LOAD(freemem, PQfreemem);
  LOAD(finish, PQfinish);
  LOAD(status, PQstatus);
  LOAD(socket, PQsocket);
  LOAD(errorMessage, PQerrorMessage);
  LOAD(host, PQhost);
  LOAD(port, PQport);
  LOAD(user, PQuser);
  LOAD(db, PQdb);
  LOAD(serverVersion, PQserverVersion);
  LOAD(parameterStatus, PQparameterStatus);
  LOAD(setErrorVerbosity, PQsetErrorVerbosity);
  LOAD(setNoticeReceiver, PQsetNoticeReceiver);
  LOAD(setnonblocking, PQsetnonblocking);
  LOAD(sendQuery, PQsendQuery);
  LOAD(sendQueryParams, PQsendQueryParams);
  LOAD(sendPrepare, PQsendPrepare);
  LOAD(sendDescribePrepared, PQsendDescribePrepared);
  LOAD(sendQueryPrepared, PQsendQueryPrepared);
  LOAD(setSingleRowMode, PQsetSingleRowMode);
  LOAD(flush, PQflush);
  LOAD(consumeInput, PQconsumeInput);
  LOAD(isBusy, PQisBusy);
  LOAD(getResult, PQgetResult);
  LOAD(resultStatus, PQresultStatus);
  LOAD(resultErrorField, PQresultErrorField);
  LOAD(clear, PQclear);
  LOAD(ntuples, PQntuples);
  LOAD(nfields, PQnfields);
  LOAD(fname, PQfname);
  LOAD(ftype, PQftype);
  LOAD(getisnull, PQgetisnull);
  LOAD(getlength, PQgetlength);
  LOAD(getvalue, PQgetvalue);
  LOAD(cmdStatus, PQcmdStatus);
  LOAD(cmdTuples, PQcmdTuples);
  LOAD(getCancel, PQgetCancel);
  LOAD(cancel, PQcancel);
  LOAD(freeCancel, PQfreeCancel);
#undef LOAD
  loaded = &functions;
}

const struct cpq_functions *cpq_load(void) {
  pthread_once(&once, load);
  return loaded;
}

const char *cpq_load_error(void) { return failure; }
