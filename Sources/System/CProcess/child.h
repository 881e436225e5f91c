#pragma once

// The children of a supervisor: whose a process is, how a tree is ended, what is told of it.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "CProcess.h"

enum state {
  RUNNING,
  /// TERM was sent to the tree.
  TERMINATING,
  /// KILL is sent until none is left.
  KILLING,
};

struct child {
  /// The leader; 0 once it was reaped.
  pid_t pid;
  /// The leader's number for good: its session.
  pid_t session;
  uint64_t started;
  /// -1 once the executor's end is closed.
  int channel;
  int keep[2];
  int terminal;
  struct termios modes;
  char *marker;
  /// See `rb_read_mark`.
  uint64_t mark;
  uint32_t flags;
  enum state state;
  /// The leader ended and its tree is empty.
  bool gone;
  /// The leader left other processes behind, or might have.
  bool left_others;
  /// The executor died while it ran.
  bool abandoned;
  bool finished;
  /// Its end is to be reported.
  bool ended;
  int status;
  uint32_t passes;
  uint32_t grace;
  int64_t next_pass, give_up_at;
  /// For a child that the supervisor finishes alone; INT64_MAX: never.
  int64_t end_at, kill_at;
};

/// All children that the executor has not released.
extern struct child *children;
extern size_t child_count;

/// What is done with a running child when the executor dies.
extern enum rb_policy child_policy;

/// Where the ends of recorded children go; -1: nowhere.
extern int child_log;

/// The boot that log lines name, without spaces.
extern char child_boot[64];

/// Notes in the log of ends what a child that is about to start is known by: `boot step attempt mark=…`.
void child_announce(const char *marker, uint64_t mark);

/// Milliseconds of the monotonic clock.
int64_t child_now(void);

/// Makes room for one more child; false if there is no memory.
bool child_reserve(void);

/// Collects every process that ended and reports, records and draws the consequences.
void child_reap(void);

/// Reads all orders of a child and notices the closed channel.
void child_take_orders(struct child *child);

/// Reads what an abandoned child writes and drops it: nobody is left who could mask it.
void child_drain(int *descriptor);

/// Does what time demands of a child.
void child_advance(struct child *child);

/// When `child_advance` has something to do next; INT64_MAX: never.
int64_t child_next_time(const struct child *child);

/// Tells the executor, if it still listens.
void child_report(const struct child *child, uint32_t kind, int value, int detail);

/// Forgets the children that are done with.
void child_remove_finished(void);
