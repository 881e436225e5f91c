#pragma once

// Starting processes so that none outlives its run by accident.
//
// Two parties: the executor (the program that runs a runbook) and its supervisor (the same program again,
// single threaded, in its own session). All children are the supervisor's. For each child the two share a
// channel, a SEQPACKET socket of which the executor holds one end: it is a lease. When that end closes while
// the child still runs, the executor is dead and the supervisor ends the child's whole tree.
//
// Functions that return int return -1 with errno set on failure, unless they say otherwise.

#include <stdint.h>
#include <sys/types.h>

struct termios;
struct winsize;

/// What the supervisor does with a running child when the executor dies.
enum rb_policy { RB_POLICY_KILL = 0, RB_POLICY_FINISH = 1 };

/// Bits of `rb_spawn.flags`; those up to RB_TERMINAL say which descriptors follow channel and strings, in
/// this order.
enum rb_spawn_flag {
  RB_STDIN = 1 << 0,
  RB_STDOUT = 1 << 1,
  RB_STDERR = 1 << 2,
  /// Becomes descriptor 3.
  RB_BODY = 1 << 3,
  /// Read ends of the output pipes: the executor's death is no broken pipe for the child. Drained by the
  /// supervisor where the policy is to finish.
  RB_KEEP_STDOUT = 1 << 4,
  RB_KEEP_STDERR = 1 << 5,
  /// The operator's terminal: its modes are put back when the executor dies.
  RB_TERMINAL = 1 << 6,
  /// Descriptor 0 becomes the controlling terminal.
  RB_CONTROLLING = 1 << 7,
  /// Its end is written to the exit log.
  RB_RECORD = 1 << 8,
  /// A servant of the executor itself: always killed with it, never suspected of a nameless orphan.
  RB_SERVANT = 1 << 9,
  /// What it creates is its owner's alone: umask 077.
  RB_PRIVATE = 1 << 10,
};

/// At most this many descriptors go with one spawn.
enum { RB_MAXIMUM_DESCRIPTORS = 9 };

/// One spawn. Its strings lie in a memory file, each ended by NUL: program, directory (or empty), marker
/// (`run/step/attempt`), `argument_count` arguments with argv[0], `variable_count` of `NAME=value`.
typedef struct {
  uint32_t flags;
  uint32_t argument_count;
  uint32_t variable_count;
  /// From TERM to KILL; used where the supervisor must end the child alone.
  uint32_t grace_milliseconds;
  /// Until TERM under RB_POLICY_FINISH; negative: no limit.
  int64_t limit_milliseconds;
} rb_spawn;

/// What the executor asks for on a channel.
enum rb_order {
  /// TERM (and CONT) to every process of the tree.
  RB_ORDER_TERMINATE = 1,
  /// KILL to every process of the tree until there is none.
  RB_ORDER_KILL = 2,
  /// Which processes of the tree are there?
  RB_ORDER_LIST = 3,
};

/// What the supervisor says on a channel.
enum rb_report_kind {
  /// `value`: the process id.
  RB_REPORT_STARTED = 1,
  /// Nothing was started. `value`: errno; `detail`: a `rb_stage`.
  RB_REPORT_FAILED = 2,
  /// `value`: the status as of waitpid; `detail`: whether other processes of the tree may be left.
  RB_REPORT_EXITED = 3,
  /// After TERMINATE or KILL: no process of the tree is left.
  RB_REPORT_GONE = 4,
  /// `value`: how many there are; `processes`: the first of them.
  RB_REPORT_PROCESSES = 5,
};

/// Where a spawn failed.
enum rb_stage {
  RB_STAGE_REQUEST = 1,
  RB_STAGE_FORK = 2,
  RB_STAGE_TERMINAL = 3,
  RB_STAGE_DIRECTORY = 4,
  RB_STAGE_EXECUTE = 5,
};

enum { RB_LISTED_PROCESSES = 16 };

/// A process by number and name (`comm`, at most 15 bytes).
typedef struct {
  int32_t pid;
  char name[16];
} rb_process_name;

/// One message from the supervisor.
typedef struct {
  uint32_t kind;
  int32_t value;
  int32_t detail;
  /// The leader's start time with RB_REPORT_STARTED, as of `rb_start_time`.
  uint64_t started;
  rb_process_name processes[RB_LISTED_PROCESSES];
} rb_report;

// The executor's side.

/// Starts `program --supervise` in its own session, with the control socket as descriptor 3 and nothing else
/// inherited.
///
/// - `exit_log`: appended to, created with mode 0600; empty: none.
/// - Returns: the control socket, of which EOF means that the supervisor is dead.
int rb_start_supervisor(const char *program, const char *exit_log, int policy, pid_t *pid);

/// A new channel; `ends[0]` is the executor's and does not block.
int rb_open_channel(int ends[2]);

/// Asks for a child. `descriptors`: the channel's other end, the strings, then those named by the flags.
int rb_send_spawn(int control, const rb_spawn *spawn, const int *descriptors, int count);

/// Makes the supervisor keep a copy of `descriptor` until it ends: a lock lives as long as the processes.
int rb_send_hold(int control, int descriptor);

/// Sends one order.
int rb_send_order(int channel, int order);

/// Takes one report: 1 if there was one, 0 if there is none yet, -1 if the supervisor closed the channel.
int rb_receive_report(int channel, rb_report *report);

/// A memory file that is read from its beginning and can no longer grow or shrink; `mode` as for chmod.
int rb_memory_file(const char *name, mode_t mode);

/// Forbids every further change of a memory file; what a child gets as input must not change under it.
int rb_seal_file(int file);

/// Overwrites a memory file with zeros.
void rb_wipe_file(int file);

/// A pipe, closed on exec; reading does not block.
int rb_open_pipe(int ends[2]);

/// Gives a pipe room for `size` bytes; where the user's total is used up it stays as it is: slower, not
/// wrong.
void rb_grow_pipe(int pipe, int size);

/// A new pseudo terminal with the given modes and size (either may be NULL); the master does not block.
int rb_open_terminal(int *master, int *slave, const struct termios *modes, const struct winsize *size);

/// Makes this process adopt the orphans below it, or no longer. One switch for the whole process.
int rb_adopt_orphans(int adopt);

/// Waits at most `limit_milliseconds` for the end of one child of this process and reaps it; 0 once it is gone,
/// -1 if it is still there.
int rb_await_child(pid_t pid, int limit_milliseconds);

/// Kills what is left of one child's tree after its supervisor died and left its children to this process,
/// and reaps all of those that are dead; waits for that at most `limit_milliseconds`.
///
/// Only processes outside this session and not in `spared`: those with `marker`, those of the session of
/// `leader`, and those without marker that are no older than `leader_started`.
/// - Returns: how many are left.
int rb_end_orphans(
  const char *marker, pid_t leader, uint64_t leader_started, uint64_t supervisor_started, const pid_t *spared,
  int spared_count, int limit_milliseconds);

/// The start time of a process in clock ticks since boot (`/proc/pid/stat`, field 22); 0 if there is none.
uint64_t rb_start_time(pid_t pid);

/// Copies the value of RUNBOOK_STEP in a process's initial environment, truncated to `size`; returns its
/// length, or -1 if there is none or it may not be read.
int rb_read_marker(pid_t pid, char *marker, int size);

/// The number by which a supervisor marks all that comes of one child: the soft limit of RLIMIT_RTTIME, some
/// 70,000 years and more, which nothing heeds but who asks for it. Unlike the environment it is inherited whatever a
/// process does to its name, session and variables, and everybody may read it. 0 where a process has none.
uint64_t rb_read_mark(pid_t pid);

// The supervisor's side.

/// Runs the supervisor on descriptor 3; never returns. Exits with 64 where descriptor 3 is no such socket.
_Noreturn void rb_supervise(int policy, const char *exit_log);
