#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CProcess.h"
#include "child.h"
#include "descriptor.h"
#include "spawn.h"
#include "tree.h"

enum { CONTROL = 3 };

static void add_child(struct spawn_request *request, struct spawn_result *result) {
  int64_t limit = request->head.limit_milliseconds;
  struct child child = {
    .pid = result->pid,
    .session = result->pid,
    .started = rb_start_time(result->pid),
    .channel = request->channel,
    .keep = {request->keep[0], request->keep[1]},
    .terminal = request->terminal,
    .marker = result->marker,
    .mark = result->mark,
    .flags = request->head.flags,
    .grace = request->head.grace_milliseconds,
    .end_at = limit < 0 ? INT64_MAX : child_now() + limit,
  };
  if (child.terminal >= 0 && tcgetattr(child.terminal, &child.modes)) close_once(&child.terminal);
  children[child_count++] = child;
  rb_report report = {.kind = RB_REPORT_STARTED, .value = child.pid, .started = child.started};
  send(child.channel, &report, sizeof report, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// Takes one datagram from the executor; false when it closed the socket.
static bool take_request(void) {
  struct spawn_request request = {0};
  int descriptors[RB_MAXIMUM_DESCRIPTORS], count = 0;
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof descriptors)];
  } control;
  struct iovec part = {&request.head, sizeof request.head};
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t length = recvmsg(CONTROL, &message, MSG_CMSG_CLOEXEC);
  if (length < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS)) return true;
  if (length <= 0) return false;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    count = (int)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(descriptors, CMSG_DATA(part), (size_t)count * sizeof(int));
  }
  // One byte: hold what came with it, a lock, for as long as this process lives.
  if (length == 1) return true;
  struct spawn_result result = {.stage = RB_STAGE_REQUEST, .error_number = EINVAL};
  bool complete = spawn_sort(&request, descriptors, count) && length == sizeof request.head;
  if (message.msg_flags & MSG_CTRUNC) {
    complete = false;
    result.error_number = EMFILE;
  }
  if (complete && child_reserve()) result = spawn_start(&request, child_announce);
  if (result.pid) {
    add_child(&request, &result);
    return true;
  }
  struct child nobody = {.channel = request.channel};
  child_report(&nobody, RB_REPORT_FAILED, result.error_number, result.stage);
  spawn_close(&request);
  return true;
}

// A plain file with no other name, or none: a pipe would be waited for, and what has the other name written to.
static int open_log(const char *path) {
  int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  struct stat status;
  if (log < 0 || (!fstat(log, &status) && S_ISREG(status.st_mode) && status.st_nlink == 1)) return log;
  close(log);
  return -1;
}

static int set_up(const char *exit_log) {
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(CONTROL, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_SEQPACKET) _exit(64);
  fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_NAME, "runbook-super", 0, 0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  for (int i = 0; i < spawn_ignored_signal_count; i++) signal(spawn_ignored_signals[i], SIG_IGN);
  // posix_spawn leaves the two signals ignored that the C library keeps to itself and hides from `signal`.
  static const struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } by_default;
  for (int number = 32; number < 34; number++) {
    syscall(SYS_rt_sigaction, number, &by_default, NULL, sizeof by_default.mask);
  }
  if (*exit_log) child_log = open_log(exit_log);
  int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, child_boot, sizeof child_boot - 1);
  if (file >= 0) close(file);
  if (length > 0) child_boot[strcspn(child_boot, "\n")] = 0;
  else strcpy(child_boot, "-");
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, NULL);
  return signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
}

_Noreturn void rb_supervise(int chosen_policy, const char *exit_log) {
  child_policy = (enum rb_policy)chosen_policy;
  int signals = set_up(exit_log);
  bool is_open = true;
  struct pollfd *polls = NULL;
  while (is_open || child_count) {
    size_t watched = child_count;
    struct pollfd *grown = realloc(polls, (2 + 3 * watched) * sizeof *polls);
    if (!grown) _exit(70);
    polls = grown;
    polls[0] = (struct pollfd){.fd = is_open ? CONTROL : -1, .events = POLLIN};
    polls[1] = (struct pollfd){.fd = signals, .events = POLLIN};
    int64_t wake = INT64_MAX;
    for (size_t i = 0; i < watched; i++) {
      const struct child *child = &children[i];
      polls[2 + 3 * i] = (struct pollfd){.fd = child->channel, .events = POLLIN};
      for (int end = 0; end < 2; end++) {
        polls[3 + 3 * i + (size_t)end] =
          (struct pollfd){.fd = child->abandoned ? child->keep[end] : -1, .events = POLLIN};
      }
      if (child_next_time(child) < wake) wake = child_next_time(child);
    }
    int64_t wait = wake == INT64_MAX ? 60000 : wake - child_now();
    poll(polls, 2 + 3 * watched, wait < 0 ? 0 : wait > 60000 ? 60000 : (int)wait);

    for (size_t i = 0; i < watched; i++) {
      struct child *child = &children[i];
      if (polls[2 + 3 * i].revents) child_take_orders(child);
      if (polls[3 + 3 * i].revents) child_drain(&child->keep[0]);
      if (polls[4 + 3 * i].revents) child_drain(&child->keep[1]);
    }
    // After the channels: an end that came together with the executor's is no result to rely on.
    if (polls[1].revents) {
      struct signalfd_siginfo news;
      while (read(signals, &news, sizeof news) > 0) continue;
      child_reap();
    }
    for (size_t i = 0; i < watched; i++) child_advance(&children[i]);
    if (polls[0].revents) is_open = take_request();
    child_remove_finished();
  }
  _exit(0);
}
