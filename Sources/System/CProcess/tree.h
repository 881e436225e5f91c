#pragma once

// Finding and signalling the processes of a tree whose members may have left their group, session and parent.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// One line of the process table.
struct process {
  pid_t pid, parent, session;
  uint64_t started;
  char name[16];
  /// A zombie without other threads.
  bool dead;
  bool stopped;
  /// Belongs to the tree in question.
  bool chosen;
};

/// A copy of the process table, ordered by number; reused from scan to scan.
struct process_table {
  struct process *rows;
  size_t count, capacity;
};

/// Marks begin here and end below its double; see `rb_read_mark`.
#define FIRST_MARK (UINT64_C(1) << 61)

/// Whether a limit is a mark.
static inline bool is_mark(uint64_t limit) { return limit >> 61 == 1; }

/// Says whether `root`, a direct child of this process, belongs to the tree in question.
typedef bool (*tree_test)(const struct process *root, void *context);

/// Reads /proc; false if that failed.
bool tree_scan(struct process_table *table);

/// Reads one process; false if there is none.
bool tree_read(pid_t pid, struct process *process);

/// Scans and chooses all living processes below the chosen direct children of this process; returns how many.
size_t tree_choose(struct process_table *table, tree_test test, void *context);

/// Sends `signal` to every chosen process, never to another that got its number meanwhile.
void tree_signal(const struct process_table *table, int signal);

/// Stops the tree until a scan finds no new member, then kills all of it. One pass: call again until none is
/// left. Returns how many it found.
size_t tree_kill(struct process_table *table, tree_test test, void *context);

/// Whether this process has children other than `known`; true if the kernel does not say.
bool tree_has_others(const pid_t *known, size_t count);
