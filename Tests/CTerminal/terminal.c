#define _GNU_SOURCE
#include "CTerminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ct_open_terminal(char *name, size_t size) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0) return -1;
  if (grantpt(master) || unlockpt(master) || ptsname_r(master, name, size)) {
    close(master);
    return -1;
  }
  return master;
}

const short ct_spawn_setsid = POSIX_SPAWN_SETSID;

int ct_add_chdir(posix_spawn_file_actions_t *actions, const char *folder) {
  return posix_spawn_file_actions_addchdir_np(actions, folder);
}

const void *ct_find(const void *all, size_t size, const void *wanted, size_t length) {
  return memmem(all, size, wanted, length);
}
