#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "descriptor.h"
#include "tree.h"

/// How long the supervisor goes on killing, alone, what does not die (another user's process, a hung disk).
enum { GIVE_UP_MILLISECONDS = 10000 };

/// Who a released child's survivors are, so that they are never taken for another's.
struct released {
  pid_t session;
  char *marker;
  uint64_t mark;
};

struct child *children;
size_t child_count;
enum rb_policy child_policy;
int child_log = -1;
char child_boot[64];

static size_t child_capacity;
static struct released *released;
static size_t released_count;
static struct process_table table;

int64_t child_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void child_report(const struct child *child, uint32_t kind, int value, int detail) {
  if (child->channel < 0) return;
  rb_report report = {.kind = kind, .value = value, .detail = detail};
  send(child->channel, &report, sizeof report, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Which processes are whose.

/// Whether an orphan that was adopted, or a leader, is the child's.
static bool belongs(const struct process *root, void *context) {
  const struct child *child = context;
  if (root->pid == child->pid) return true;
  for (size_t i = 0; i < child_count; i++) {
    if (children[i].pid == root->pid) return false;
  }
  // A session's number stays taken as long as it has members, so it is the surest sign.
  if (root->session == child->session) return true;
  for (size_t i = 0; i < child_count; i++) {
    if (children[i].session == root->session) return false;
  }
  for (size_t i = 0; i < released_count; i++) {
    if (released[i].session == root->session) return false;
  }
  uint64_t mark = rb_read_mark(root->pid);
  if (mark) {
    if (mark == child->mark) return true;
    for (size_t i = 0; i < child_count; i++) {
      if (children[i].mark == mark) return false;
    }
    for (size_t i = 0; i < released_count; i++) {
      if (released[i].mark == mark) return false;
    }
  }
  char marker[512];
  if (rb_read_marker(root->pid, marker, sizeof marker) >= 0) {
    if (!strncmp(marker, child->marker, sizeof marker - 1)) return true;
    for (size_t i = 0; i < child_count; i++) {
      if (!strncmp(marker, children[i].marker, sizeof marker - 1)) return false;
    }
    for (size_t i = 0; i < released_count; i++) {
      if (!strncmp(marker, released[i].marker, sizeof marker - 1)) return false;
    }
  }
  // Own session, and a cleared environment or that of a runbook inside the step: it is the child's if it can
  // be nobody else's. Where two could be meant it is left alone, since it may be wanted.
  if (child->flags & RB_SERVANT || root->started < child->started) return false;
  for (size_t i = 0; i < child_count; i++) {
    const struct child *other = &children[i];
    if (other != child && !(other->flags & RB_SERVANT) && other->started <= root->started) return false;
  }
  return true;
}

/// Whether there are children other than the leaders; cheap where the leaders are all there is.
static bool has_others(void) {
  static pid_t *leaders;
  static size_t capacity;
  if (capacity < child_capacity) {
    pid_t *grown = realloc(leaders, child_capacity * sizeof *leaders);
    if (!grown) return true;
    leaders = grown;
    capacity = child_capacity;
  }
  size_t count = 0;
  for (size_t i = 0; i < child_count; i++) {
    if (children[i].pid) leaders[count++] = children[i].pid;
  }
  return tree_has_others(leaders, count);
}

static void list_processes(struct child *child) {
  rb_report report = {.kind = RB_REPORT_PROCESSES};
  report.value = (int32_t)tree_choose(&table, belongs, child);
  for (size_t i = 0; i < table.count && report.detail < RB_LISTED_PROCESSES; i++) {
    if (!table.rows[i].chosen) continue;
    rb_process_name *name = &report.processes[report.detail++];
    name->pid = table.rows[i].pid;
    memcpy(name->name, table.rows[i].name, sizeof name->name);
  }
  if (child->channel >= 0) send(child->channel, &report, sizeof report, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Ending.

static void note_gone(struct child *child) {
  if (child->gone || child->pid) return;
  child->gone = true;
  child_report(child, RB_REPORT_GONE, 0, 0);
}

static void terminate(struct child *child) {
  if (child->state != RUNNING) return;
  child->state = TERMINATING;
  if (!tree_choose(&table, belongs, child)) note_gone(child);
  tree_signal(&table, SIGTERM);
  // A stopped process acts on TERM only when it runs again.
  tree_signal(&table, SIGCONT);
}

static void kill_pass(struct child *child) {
  size_t found = tree_kill(&table, belongs, child);
  if (found == 0) note_gone(child);
  child->passes++;
  child->next_pass = child_now() + (child->passes < 100 ? 3 : 250);
}

static void start_killing(struct child *child) {
  if (child->state == KILLING) return;
  child->state = KILLING;
  child->give_up_at = child_now() + GIVE_UP_MILLISECONDS;
  kill_pass(child);
}

/// The executor's end closed: after the child's end that is its release, before it is the executor's death.
static void lose_channel(struct child *child) {
  close_once(&child->channel);
  if (child->pid == 0 && (child->state == RUNNING || child->gone)) {
    child->finished = true;
    return;
  }
  child->abandoned = true;
  if (child->terminal >= 0) tcsetattr(child->terminal, TCSANOW, &child->modes);
  if (child_policy == RB_POLICY_FINISH && !(child->flags & RB_SERVANT)) {
    if (child->state == TERMINATING) child->kill_at = child_now() + child->grace;
  } else {
    start_killing(child);
  }
  if (child->state == KILLING) child->give_up_at = child_now() + GIVE_UP_MILLISECONDS;
}

void child_advance(struct child *child) {
  int64_t time = child_now();
  if (child->abandoned && child->state == RUNNING) {
    if (child->pid == 0) child->finished = true;
    else if (time >= child->end_at) {
      terminate(child);
      child->kill_at = time + child->grace;
    }
  }
  if (child->abandoned && child->state == TERMINATING && !child->gone && time >= child->kill_at) {
    start_killing(child);
  }
  if (child->state == KILLING && !child->gone && time >= child->next_pass) kill_pass(child);
  if (child->abandoned && (child->gone || (child->state == KILLING && time >= child->give_up_at))) {
    child->finished = true;
  }
}

int64_t child_next_time(const struct child *child) {
  if (child->gone) return INT64_MAX;
  if (child->state == KILLING) return child->next_pass;
  if (!child->abandoned) return INT64_MAX;
  return child->state == RUNNING ? child->end_at : child->kill_at;
}

/// Writes `boot step attempt word`. No sync: the line has to outlive processes, not the machine.
static void write_line(const char *marker, const char *word) {
  const char *step = strchr(marker, '/'), *attempt = strrchr(marker, '/');
  if (child_log < 0 || !step || step == attempt) return;
  char line[512];
  int length = snprintf(
    line, sizeof line, "%s %.*s %s %s\n", child_boot, (int)(attempt - step - 1), step + 1, attempt + 1, word);
  if (length > 0 && (size_t)length < sizeof line && write(child_log, line, (size_t)length) < 0) return;
}

void child_announce(const char *marker, uint64_t mark) {
  char word[32];
  snprintf(word, sizeof word, "mark=%llu", (unsigned long long)mark);
  if (mark) write_line(marker, word);
}

static void record(const struct child *child) {
  if (!(child->flags & RB_RECORD)) return;
  char status[32];
  // Who is being ended may well exit with 0, with half of its work done.
  if (child->state != RUNNING) snprintf(status, sizeof status, "ended");
  else if (WIFSIGNALED(child->status)) snprintf(status, sizeof status, "signal=%d", WTERMSIG(child->status));
  else snprintf(status, sizeof status, "exit=%d", WEXITSTATUS(child->status));
  write_line(child->marker, status);
}

void child_reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (size_t i = 0; i < child_count; i++) {
      if (children[i].pid != pid) continue;
      children[i].pid = 0;
      children[i].status = status;
      children[i].ended = true;
    }
  }
  bool none = pid < 0 && errno == ECHILD;
  for (size_t i = 0; i < child_count; i++) {
    struct child *child = &children[i];
    if (child->ended) {
      child->ended = false;
      record(child);
      child->left_others = !none && has_others();
      child_report(child, RB_REPORT_EXITED, child->status, child->left_others);
      if (!child->left_others) child->gone = true;
    }
    // An empty tree always shows in a SIGCHLD: who loses its parent becomes ours.
    if (child->state == TERMINATING && child->pid == 0 && !child->gone) {
      if (!tree_choose(&table, belongs, child)) note_gone(child);
    }
  }
}

// Orders and housekeeping.

void child_take_orders(struct child *child) {
  int32_t order;
  ssize_t length;
  while ((length = recv(child->channel, &order, sizeof order, MSG_DONTWAIT)) == (ssize_t)sizeof order) {
    if (order == RB_ORDER_TERMINATE) terminate(child);
    if (order == RB_ORDER_KILL) start_killing(child);
    if (order == RB_ORDER_LIST) list_processes(child);
  }
  if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) lose_channel(child);
}

void child_drain(int *descriptor) {
  static char dropped[65536];
  ssize_t length = read(*descriptor, dropped, sizeof dropped);
  if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) close_once(descriptor);
}

bool child_reserve(void) {
  if (child_count < child_capacity) return true;
  size_t capacity = child_capacity ? child_capacity * 2 : 16;
  struct child *grown = realloc(children, capacity * sizeof *children);
  if (!grown) return false;
  children = grown;
  child_capacity = capacity;
  return true;
}

void child_remove_finished(void) {
  size_t kept = 0;
  for (size_t i = 0; i < child_count; i++) {
    struct child *child = &children[i];
    if (!child->finished) {
      children[kept++] = *child;
      continue;
    }
    close_once(&child->channel);
    close_once(&child->keep[0]);
    close_once(&child->keep[1]);
    close_once(&child->terminal);
    struct released *grown =
      child->left_others ? realloc(released, (released_count + 1) * sizeof *released) : NULL;
    if (grown) {
      released = grown;
      released[released_count++] = (struct released){child->session, child->marker, child->mark};
    } else {
      free(child->marker);
    }
  }
  child_count = kept;
}
