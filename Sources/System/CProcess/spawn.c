#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "tree.h"

const int spawn_ignored_signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE, SIGALRM,
                                     SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU};
const int spawn_ignored_signal_count = sizeof spawn_ignored_signals / sizeof *spawn_ignored_signals;

/// All that the child reads between fork and exec, where it may allocate nothing.
struct launch {
  const struct spawn_request *request;
  char **candidates;
  char **arguments;
  char **variables;
  const char *directory;
  pid_t supervisor;
  /// 0: none.
  rlim_t mark;
  volatile int stage;
  volatile int error_number;
};

bool spawn_sort(struct spawn_request *request, const int *descriptors, int count) {
  int *places[] = {&request->input,   &request->output,  &request->error,   &request->body,
                   &request->keep[0], &request->keep[1], &request->terminal};
  request->channel = count > 0 ? descriptors[0] : -1;
  request->strings = count > 1 ? descriptors[1] : -1;
  int next = 2;
  bool complete = count > 1;
  for (int bit = 0; bit < (int)(sizeof places / sizeof *places); bit++) {
    bool wanted = request->head.flags & (1u << bit);
    *places[bit] = wanted && next < count ? descriptors[next++] : -1;
    if (wanted && *places[bit] < 0) complete = false;
  }
  while (next < count) close(descriptors[next++]);
  return complete;
}

void spawn_close(struct spawn_request *request) {
  int *all[] = {&request->channel, &request->strings, &request->input,   &request->output,  &request->error,
                &request->body,    &request->keep[0], &request->keep[1], &request->terminal};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) close_once(all[i]);
}

static _Noreturn void fail(struct launch *launch, int stage) {
  launch->error_number = errno;
  launch->stage = stage;
  _exit(127);
}

/// The child after vfork: shares memory with the supervisor, which waits; only system calls from here.
static _Noreturn void become(struct launch *launch) {
  const struct spawn_request *request = launch->request;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // The supervisor may have died before that line.
  if (getppid() != launch->supervisor) _exit(127);
  setsid();
  for (int i = 0; i < spawn_ignored_signal_count; i++) signal(spawn_ignored_signals[i], SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);

  // All of these are above 3, and 0 to 2 are /dev/null where nothing else is given.
  if (request->input >= 0) dup2(request->input, 0);
  if (request->output >= 0) dup2(request->output, 1);
  if (request->error >= 0) dup2(request->error, 2);
  if (request->body >= 0) dup2(request->body, 3);
  close_range(request->body >= 0 ? 4 : 3, ~0U, 0);

  if (launch->mark) setrlimit(RLIMIT_RTTIME, &(struct rlimit){launch->mark, RLIM_INFINITY});
  if (request->head.flags & RB_PRIVATE) umask(077);
  if (request->head.flags & RB_CONTROLLING && ioctl(0, TIOCSCTTY, 0)) fail(launch, RB_STAGE_TERMINAL);
  if (*launch->directory && chdir(launch->directory)) fail(launch, RB_STAGE_DIRECTORY);

  int error_number = ENOENT;
  for (char **candidate = launch->candidates; *candidate; candidate++) {
    execve(*candidate, launch->arguments, launch->variables);
    if (errno == EACCES) error_number = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR) fail(launch, RB_STAGE_EXECUTE);
  }
  errno = error_number;
  fail(launch, RB_STAGE_EXECUTE);
}

/// Lists where `program` may be: itself if it holds a slash, else one path for each entry of the request's
/// PATH. One allocation: the list, then the texts.
static char **candidates(const char *program, char **variables) {
  const char *path = "/usr/local/bin:/usr/bin:/bin";
  for (char **variable = variables; *variable; variable++) {
    if (!strncmp(*variable, "PATH=", 5)) path = *variable + 5;
  }
  bool is_path = strchr(program, '/');
  size_t entries = 1;
  for (const char *c = path; *c; c++) entries += *c == ':';
  size_t list = (entries + 1) * sizeof(char *);
  char **result = malloc(list + strlen(path) + entries * (strlen(program) + 3));
  if (!result) return NULL;
  char *text = (char *)result + list;
  if (is_path || !*program) {
    result[0] = is_path ? strcpy(text, program) : NULL;
    result[1] = NULL;
    return result;
  }
  size_t count = 0;
  for (const char *start = path;; start++) {
    size_t length = strcspn(start, ":");
    result[count++] = text;
    if (length) memcpy(text, start, length);
    // An empty entry is the current directory.
    else text[length++] = '.';
    text[length] = '/';
    text = stpcpy(text + length + 1, program) + 1;
    start += strcspn(start, ":");
    if (!*start) break;
  }
  result[count] = NULL;
  return result;
}

/// Points `list` at `count` strings from `*next` on; false if they do not fit before `end`.
static bool take(char **list, size_t count, char **next, const char *end) {
  for (size_t i = 0; i < count; i++) {
    char *zero = *next < end ? memchr(*next, 0, (size_t)(end - *next)) : NULL;
    if (!zero) return false;
    list[i] = *next;
    *next = zero + 1;
  }
  list[count] = NULL;
  return true;
}

/// A mark that no other child has; 0 where a limit of the administrator's stands in its place.
static uint64_t new_mark(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_RTTIME, &limit) || limit.rlim_max != RLIM_INFINITY) return 0;
  // A mark from outside is that of a step in which this program runs.
  if (limit.rlim_cur != RLIM_INFINITY && !is_mark(limit.rlim_cur)) return 0;
  uint64_t bits;
  if (getrandom(&bits, sizeof bits, 0) != sizeof bits) return 0;
  return FIRST_MARK | (bits & (FIRST_MARK - 1));
}

/// Starts what lies in `text`.
static struct spawn_result start(
  struct spawn_request *request, char *text, size_t length, void (*announce)(const char *, uint64_t)) {
  struct spawn_result result = {.stage = RB_STAGE_REQUEST, .error_number = EINVAL};
  size_t arguments = request->head.argument_count, variables = request->head.variable_count;
  if (arguments > length || variables > length) return result;
  char *head[4], *next = text, *end = text + length;
  char **list = calloc(arguments + variables + 2, sizeof *list);
  struct launch launch = {.request = request, .supervisor = getpid()};
  if (list && take(head, 3, &next, end) && take(list, arguments, &next, end)
      && take(list + arguments + 1, variables, &next, end)) {
    launch.arguments = list;
    launch.variables = list + arguments + 1;
    launch.directory = head[1];
    launch.candidates = candidates(head[0], launch.variables);
    result.marker = strdup(head[2]);
  } else if (!list) {
    result.error_number = ENOMEM;
  }
  if (launch.candidates && result.marker) {
    launch.mark = result.mark = new_mark();
    announce(result.marker, result.mark);
    pid_t pid = vfork();
    if (pid == 0) become(&launch);
    result.stage = pid < 0 ? RB_STAGE_FORK : launch.stage;
    result.error_number = pid < 0 ? errno : launch.error_number;
    if (pid > 0 && !launch.stage) result.pid = pid;
  }
  if (!result.pid) {
    free(result.marker);
    result.marker = NULL;
  }
  free(launch.candidates);
  free(list);
  return result;
}

struct spawn_result spawn_start(
  struct spawn_request *request, void (*announce)(const char *marker, uint64_t mark)) {
  struct spawn_result result = {.stage = RB_STAGE_REQUEST, .error_number = EINVAL};
  struct stat status;
  if (!fstat(request->strings, &status) && status.st_size > 0) {
    size_t length = (size_t)status.st_size;
    char *text = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, request->strings, 0);
    if (text != MAP_FAILED) {
      result = start(request, text, length, announce);
      // Secrets may be among them; the file's other holders see zeros from now on, too.
      explicit_bzero(text, length);
      munmap(text, length);
    } else {
      result.error_number = errno;
    }
  }
  int *done[] = {&request->strings, &request->input, &request->output, &request->error, &request->body};
  for (size_t i = 0; i < sizeof done / sizeof *done; i++) close_once(done[i]);
  return result;
}
