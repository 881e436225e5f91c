#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "CProcess.h"
#include "tree.h"

extern char **environ;

int rb_start_supervisor(const char *program, const char *exit_log, int policy, pid_t *pid) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) return -1;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(
    &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  // Descriptor 3 first: the open below may not land on it. /dev/null, so that nothing keeps the executor's
  // terminal and pipes open.
  posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, 0, 1);
  posix_spawn_file_actions_adddup2(&actions, 0, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  char *arguments[] = {
    "runbook", "--supervise", policy == RB_POLICY_FINISH ? "finish" : "kill", (char *)exit_log, NULL};
  int error = posix_spawn(pid, program, &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (!error) return ends[0];
  close(ends[0]);
  errno = error;
  return -1;
}

int rb_open_channel(int ends[2]) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static int send_with(int control, const void *bytes, size_t length, const int *descriptors, int count) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(RB_MAXIMUM_DESCRIPTORS * sizeof(int))];
  } space;
  memset(&space, 0, sizeof space);
  size_t size = (size_t)count * sizeof(int);
  struct iovec part = {(void *)bytes, length};
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = CMSG_SPACE(size)};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(header), descriptors, size);
  ssize_t sent;
  do sent = sendmsg(control, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == (ssize_t)length ? 0 : -1;
}

int rb_send_spawn(int control, const rb_spawn *spawn, const int *descriptors, int count) {
  return send_with(control, spawn, sizeof *spawn, descriptors, count);
}

int rb_send_hold(int control, int descriptor) { return send_with(control, "", 1, &descriptor, 1); }

int rb_send_order(int channel, int order) {
  int32_t message = order;
  return send(channel, &message, sizeof message, MSG_NOSIGNAL) == (ssize_t)sizeof message ? 0 : -1;
}

int rb_receive_report(int channel, rb_report *report) {
  ssize_t length;
  do length = recv(channel, report, sizeof *report, MSG_DONTWAIT);
  while (length < 0 && errno == EINTR);
  if (length == (ssize_t)sizeof *report) return 1;
  return length < 0 && errno == EAGAIN ? 0 : -1;
}

int rb_memory_file(const char *name, mode_t mode) {
  int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -1;
  if (!fchmod(file, mode)) return file;
  close(file);
  return -1;
}

int rb_seal_file(int file) {
  if (lseek(file, 0, SEEK_SET) < 0) return -1;
  return fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

void rb_wipe_file(int file) {
  static const char zeros[4096];
  struct stat status;
  if (fstat(file, &status)) return;
  for (off_t at = 0; at < status.st_size; at += (off_t)sizeof zeros) {
    off_t left = status.st_size - at;
    size_t length = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
    if (pwrite(file, zeros, length, at) < 0) return;
  }
}

int rb_open_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC)) return -1;
  // Cannot fail on a descriptor just made.
  return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

void rb_grow_pipe(int pipe, int size) { fcntl(pipe, F_SETPIPE_SZ, size); }

int rb_open_terminal(int *master, int *slave, const struct termios *modes, const struct winsize *size) {
  *slave = -1;
  *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*master < 0) return -1;
  char name[64];
  if (!grantpt(*master) && !unlockpt(*master) && !ptsname_r(*master, name, sizeof name)) {
    *slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  bool ready = *slave >= 0 && !fcntl(*master, F_SETFL, O_NONBLOCK);
  if (ready && modes) ready = !tcsetattr(*slave, TCSANOW, modes);
  if (ready && size) ready = !ioctl(*slave, TIOCSWINSZ, size);
  if (ready) return 0;
  int error = errno;
  if (*slave >= 0) close(*slave);
  close(*master);
  errno = error;
  return -1;
}

int rb_adopt_orphans(int adopt) { return prctl(PR_SET_CHILD_SUBREAPER, adopt, 0, 0, 0); }

int rb_await_child(pid_t pid, int limit_milliseconds) {
  int handle = pidfd_open(pid, 0);
  int result = -1;
  for (int waited = 0; result && waited <= limit_milliseconds;) {
    pid_t reaped = waitpid(pid, NULL, WNOHANG);
    if (reaped == pid || (reaped < 0 && errno == ECHILD)) {
      result = 0;
    } else if (handle >= 0) {
      // Its end wakes this up; in slices, because a signal may cut one short.
      poll(&(struct pollfd){.fd = handle, .events = POLLIN}, 1, 100);
      waited += 100;
    } else {
      nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
      waited += 3;
    }
  }
  if (handle >= 0) close(handle);
  return result;
}

/// What tells the orphans of a dead supervisor from this process's other children.
struct orphanage {
  const char *marker;
  pid_t leader;
  uint64_t leader_started, supervisor_started;
  const pid_t *spared;
  int spared_count;
  pid_t session;
};

/// Whether it came from a dead supervisor.
static bool is_adopted(const struct process *root, const struct orphanage *orphanage) {
  if (root->session == orphanage->session || root->started < orphanage->supervisor_started) return false;
  for (int i = 0; i < orphanage->spared_count; i++) {
    if (orphanage->spared[i] == root->pid) return false;
  }
  return true;
}

/// Whether it is of the child's tree.
static bool is_orphan(const struct process *root, void *context) {
  const struct orphanage *orphanage = context;
  if (!is_adopted(root, orphanage)) return false;
  if (orphanage->leader && root->session == orphanage->leader) return true;
  char marker[512];
  if (rb_read_marker(root->pid, marker, sizeof marker) < 0) return root->started >= orphanage->leader_started;
  return !strncmp(marker, orphanage->marker, sizeof marker - 1);
}

int rb_end_orphans(
  const char *marker, pid_t leader, uint64_t leader_started, uint64_t supervisor_started, const pid_t *spared,
  int spared_count, int limit_milliseconds) {
  struct orphanage orphanage = {
    marker, leader, leader_started, supervisor_started, spared, spared_count, getsid(0)};
  struct process_table table = {0};
  size_t left = 0;
  for (int waited = 0; waited <= limit_milliseconds; waited += 3) {
    left = tree_kill(&table, is_orphan, &orphanage);
    bool reaped = false;
    for (size_t i = 0; i < table.count; i++) {
      const struct process *row = &table.rows[i];
      if (row->parent != getpid() || !is_adopted(row, &orphanage)) continue;
      reaped |= waitpid(row->pid, NULL, WNOHANG) > 0;
    }
    if (!left && !reaped) break;
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
  }
  free(table.rows);
  return (int)left;
}
