#define _GNU_SOURCE
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "CProcess.h"

/// Reads a small file of /proc whole; its length or -1.
static ssize_t read_proc(pid_t pid, const char *name, char *text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t length = read(file, text, size - 1);
  close(file);
  if (length >= 0) text[length] = 0;
  return length;
}

bool tree_read(pid_t pid, struct process *process) {
  char text[1024];
  if (read_proc(pid, "stat", text, sizeof text) <= 0) return false;
  // The name may hold spaces and parentheses: it ends at the last one.
  char *open = strchr(text, '('), *close = strrchr(text, ')');
  if (!open || !close) return false;
  *process = (struct process){.pid = pid};
  size_t length = (size_t)(close - open - 1);
  if (length >= sizeof process->name) length = sizeof process->name - 1;
  memcpy(process->name, open + 1, length);

  char state = 0;
  int parent = 0, session = 0;
  long threads = 0;
  unsigned long long started = 0;
  int fields = sscanf(
    close + 1, " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu", &state,
    &parent, &session, &threads, &started);
  if (fields != 5) return false;
  process->parent = parent;
  process->session = session;
  process->started = started;
  // A process whose first thread ended shows as a zombie while its other threads run on.
  process->stopped = state == 'T' || state == 't';
  process->dead = (state == 'Z' || state == 'X') && threads <= 1;
  return true;
}

enum { MOST_CHILDREN = 1024 };

/// The numbers of this process's children; MOST_CHILDREN if there are more or the kernel does not say. Of a
/// process with several threads only what the first one has, which is also the one that adopts.
static size_t read_children(pid_t *children) {
  char text[MOST_CHILDREN * 8];
  char name[32];
  snprintf(name, sizeof name, "task/%d/children", (int)getpid());
  ssize_t length = read_proc(getpid(), name, text, sizeof text);
  if (length < 0 || (size_t)length == sizeof text - 1) return MOST_CHILDREN;
  size_t count = 0;
  for (char *next = text, *end; count < MOST_CHILDREN; next = end) {
    children[count] = (pid_t)strtol(next, &end, 10);
    if (end == next) break;
    count++;
  }
  return count;
}

static int by_number(const void *a, const void *b) {
  pid_t left = ((const struct process *)a)->pid, right = ((const struct process *)b)->pid;
  return (left > right) - (left < right);
}

static struct process *find(const struct process_table *table, pid_t pid) {
  struct process key = {.pid = pid};
  return bsearch(&key, table->rows, table->count, sizeof key, by_number);
}

bool tree_scan(struct process_table *table) {
  table->count = 0;
  DIR *directory = opendir("/proc");
  if (!directory) return false;
  struct dirent *entry;
  while ((entry = readdir(directory))) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    if (table->count == table->capacity) {
      size_t capacity = table->capacity ? table->capacity * 2 : 256;
      struct process *rows = realloc(table->rows, capacity * sizeof *rows);
      if (!rows) break;
      table->rows = rows;
      table->capacity = capacity;
    }
    if (tree_read((pid_t)atoi(entry->d_name), &table->rows[table->count])) table->count++;
  }
  closedir(directory);
  qsort(table->rows, table->count, sizeof *table->rows, by_number);
  // A parent that ended between the two reads left its child without a way up: it has a new parent by now.
  for (size_t i = 0; i < table->count; i++) {
    struct process *row = &table->rows[i];
    if (row->parent > 1 && !find(table, row->parent)) tree_read(row->pid, row);
  }
  return true;
}

/// One scan and choice; see `tree_choose`.
static size_t choose_once(struct process_table *table, tree_test test, void *context) {
  if (!tree_scan(table)) return 0;
  pid_t self = getpid();
  size_t chosen = 0;
  // First the direct children, since the test reads their environments, then all that lead to one of them.
  for (size_t i = 0; i < table->count; i++) {
    struct process *row = &table->rows[i];
    row->chosen = row->parent == self && test(row, context);
  }
  for (size_t i = 0; i < table->count; i++) {
    struct process *row = &table->rows[i], *root = row;
    // Parents read at different moments may form a ring; no chain is longer than the table.
    for (size_t steps = 0; root && root->parent != self && steps < table->count; steps++) {
      root = root->parent > 1 ? find(table, root->parent) : NULL;
    }
    if (root && root != row && root->parent == self && root->chosen) row->chosen = true;
  }
  for (size_t i = 0; i < table->count; i++) {
    if (table->rows[i].dead) table->rows[i].chosen = false;
    chosen += table->rows[i].chosen;
  }
  return chosen;
}

size_t tree_choose(struct process_table *table, tree_test test, void *context) {
  size_t chosen = choose_once(table, test, context);
  // A chain of processes that fork and exit can slip past one scan where numbers wrap around.
  return chosen ? chosen : choose_once(table, test, context);
}

static void signal_process(const struct process *process, int signal) {
  int handle = pidfd_open(process->pid, 0);
  if (handle < 0) {
    // No descriptor left, or a system without them: the number itself is the next best.
    if (errno != ESRCH) kill(process->pid, signal);
    return;
  }
  if (rb_start_time(process->pid) == process->started) pidfd_send_signal(handle, signal, NULL, 0);
  close(handle);
}

void tree_signal(const struct process_table *table, int signal) {
  for (size_t i = 0; i < table->count; i++) {
    if (table->rows[i].chosen) signal_process(&table->rows[i], signal);
  }
}

/// Stops members among this process's own children, again until no other comes up.
///
/// Processes that beget each other and end in turn outrun any scan of the whole table; as orphans they come by
/// here, and this is some hundred times as fast.
static void stop_children(tree_test test, void *context) {
  for (int round = 0; round < 500; round++) {
    pid_t children[MOST_CHILDREN];
    size_t count = read_children(children);
    if (count == MOST_CHILDREN) return;
    bool news = false;
    for (size_t i = 0; i < count; i++) {
      struct process child;
      if (!tree_read(children[i], &child) || child.dead || child.stopped || !test(&child, context)) continue;
      signal_process(&child, SIGSTOP);
      news = true;
    }
    if (!news) return;
  }
}

size_t tree_kill(struct process_table *table, tree_test test, void *context) {
  struct process_table frozen = {0};
  size_t found = 0;
  // Each round stops who was not seen before. Who is stopped does not fork, so this ends.
  for (int round = 0; round < 64; round++) {
    stop_children(test, context);
    found = tree_choose(table, test, context);
    bool news = false;
    for (size_t i = 0; i < table->count; i++) {
      struct process *row = &table->rows[i];
      if (!row->chosen) continue;
      struct process *before = frozen.count ? find(&frozen, row->pid) : NULL;
      if (before && before->chosen && before->started == row->started) continue;
      signal_process(row, SIGSTOP);
      news = true;
    }
    if (!news) break;
    struct process_table swap = frozen;
    frozen = *table;
    *table = swap;
  }
  // After the last round without news both tables name the same processes.
  tree_signal(table, SIGKILL);
  free(frozen.rows);
  return found;
}

bool tree_has_others(const pid_t *known, size_t count) {
  pid_t children[MOST_CHILDREN];
  size_t found = read_children(children);
  if (found == MOST_CHILDREN) return true;
  for (size_t i = 0; i < found; i++) {
    size_t j = 0;
    while (j < count && known[j] != children[i]) j++;
    if (j == count) return true;
  }
  return false;
}

uint64_t rb_start_time(pid_t pid) {
  struct process process;
  return tree_read(pid, &process) ? process.started : 0;
}

uint64_t rb_read_mark(pid_t pid) {
  static const char name[] = "Max realtime timeout";
  char text[4096];
  if (read_proc(pid, "limits", text, sizeof text) <= 0) return 0;
  const char *line = strstr(text, name);
  uint64_t limit = line ? strtoull(line + sizeof name - 1, NULL, 10) : 0;
  return is_mark(limit) ? limit : 0;
}

int rb_read_marker(pid_t pid, char *marker, int size) {
  static const char name[] = "RUNBOOK_STEP=";
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  char text[4096];
  ssize_t length;
  // `matched` bytes of the name were seen at the start of this variable; -1: it is another one.
  int matched = 0, found = -1;
  bool inside = false;
  while ((length = read(file, text, sizeof text)) > 0) {
    for (ssize_t i = 0; i < length; i++) {
      if (inside) {
        if (text[i] == 0 || found == size - 1) goto done;
        marker[found++] = text[i];
      } else if (text[i] == 0) {
        matched = 0;
      } else if (matched >= 0) {
        matched = text[i] == name[matched] ? matched + 1 : -1;
        if (matched == (int)sizeof name - 1) {
          inside = true;
          found = 0;
        }
      }
    }
  }
done:
  close(file);
  if (found >= 0) marker[found] = 0;
  return found;
}
