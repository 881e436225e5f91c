#pragma once

// libpq, loaded with dlopen on first use: linking it costs every start of the program about 4 ms, and a
// machine without it could not run the steps that need no database.

#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

#pragma clang assume_nonnull begin

/// The functions of libpq that are called, by their names without `PQ`.
struct cpq_functions {
  __typeof__(PQconnectStartParams) *connectStartParams;
  __typeof__(PQconnectPoll) *connectPoll;
  __typeof__(PQconninfoParse) *conninfoParse;
  __typeof__(PQconninfoFree) *conninfoFree;
  __typeof__(PQfreemem) *freemem;
  __typeof__(PQfinish) *finish;
  __typeof__(PQstatus) *status;
  __typeof__(PQsocket) *socket;
  __typeof__(PQerrorMessage) *errorMessage;
  __typeof__(PQhost) *host;
  __typeof__(PQport) *port;
  __typeof__(PQuser) *user;
  __typeof__(PQdb) *db;
  __typeof__(PQserverVersion) *serverVersion;
  __typeof__(PQparameterStatus) *parameterStatus;
  __typeof__(PQsetErrorVerbosity) *setErrorVerbosity;
  __typeof__(PQsetNoticeReceiver) *setNoticeReceiver;
  __typeof__(PQsetnonblocking) *setnonblocking;
  __typeof__(PQsendQuery) *sendQuery;
  __typeof__(PQsendQueryParams) *sendQueryParams;
  __typeof__(PQsendPrepare) *sendPrepare;
  __typeof__(PQsendDescribePrepared) *sendDescribePrepared;
  __typeof__(PQsendQueryPrepared) *sendQueryPrepared;
  __typeof__(PQsetSingleRowMode) *setSingleRowMode;
  __typeof__(PQflush) *flush;
  __typeof__(PQconsumeInput) *consumeInput;
  __typeof__(PQisBusy) *isBusy;
  __typeof__(PQgetResult) *getResult;
  __typeof__(PQresultStatus) *resultStatus;
  __typeof__(PQresultErrorField) *resultErrorField;
  __typeof__(PQclear) *clear;
  __typeof__(PQntuples) *ntuples;
  __typeof__(PQnfields) *nfields;
  __typeof__(PQfname) *fname;
  __typeof__(PQftype) *ftype;
  __typeof__(PQgetisnull) *getisnull;
  __typeof__(PQgetlength) *getlength;
  __typeof__(PQgetvalue) *getvalue;
  __typeof__(PQcmdStatus) *cmdStatus;
  __typeof__(PQcmdTuples) *cmdTuples;
  __typeof__(PQgetCancel) *getCancel;
  __typeof__(PQcancel) *cancel;
  __typeof__(PQfreeCancel) *freeCancel;
};

/// The functions, loaded by the first call; NULL where the library or one of them is missing. Thread-safe.
const struct cpq_functions *_Nullable cpq_load(void);

/// Why `cpq_load` returned NULL: the loader's own words. Valid after it returned.
const char *cpq_load_error(void);

#pragma clang assume_nonnull end
