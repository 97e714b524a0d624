/* Which living run uses a directory, as its root or as a layer of its root. */
#ifndef CTR_SETUP_USES_H
#define CTR_SETUP_USES_H

#include <stdbool.h>
#include <sys/stat.h>

enum { RUN_NAME_SIZE = 72 };

/* Has the run with this state directory the directory as its root, or as a layer? Not for hooks of
 * that run. */
bool run_uses(const char *state_path, const struct stat *directory);

/* False when none of this user's does. The lock on state_root() is held. */
bool run_using(const char *path, char name[RUN_NAME_SIZE]);

/* "the run NAME", or "another container". The lock is held. */
enum { RUN_TEXT_SIZE = RUN_NAME_SIZE + 8 };
const char *run_using_text(const char *path, char text[RUN_TEXT_SIZE]);

/* Refuses a directory that is to be changed while a run uses it: -errno after fail(). */
int run_using_refuse(const char *path);

#endif
