#pragma once
#include <spawn.h>
#include <stddef.h>

// What tests need and glibc declares for _GNU_SOURCE only, which Swift cannot define.

/// Opens a pseudo terminal; its path goes to `name`. The master's descriptor, or -1.
int ct_open_terminal(char *name, size_t size);

/// POSIX_SPAWN_SETSID.
extern const short ct_spawn_setsid;

/// posix_spawn_file_actions_addchdir_np.
int ct_add_chdir(posix_spawn_file_actions_t *actions, const char *folder);

/// memmem.
const void *ct_find(const void *all, size_t size, const void *wanted, size_t length);
