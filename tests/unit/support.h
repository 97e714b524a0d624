/* What the unit tests share. */
#ifndef CTR_UNIT_SUPPORT_H
#define CTR_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* log.h has a fail() of its own. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
	do {                                                                                       \
		print_error(__VA_ARGS__);                                                          \
		print_error("\n");                                                                 \
		_fail(__FILE__, __LINE__);                                                         \
	} while (0)

#include "cgroup/cgroup.h"
#include "run.h"
#include "spec.h"
#include "sys_fake.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Each test begins in a world where nothing is. */
#define TEST(function) cmocka_unit_test_setup(function, world_begin)
int world_begin(void **state);

/* What is written to descriptor fd from here on is kept from the terminal. */
void capture_begin(int fd);
/* ... and is this, until the next capture. */
const char *capture_end(void);

size_t lines_count(const char *text);
void assert_contains(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);
/* One line: of printable ASCII, ended by a newline. */
void assert_one_line(const char *text);

/* A writable copy whose last byte is the last one of its page, before one that cannot be touched.
 * Valid until the next call. At most GUARDED_MAX bytes. */
enum { GUARDED_MAX = 1 << 26 };
char *guarded(const void *data, size_t size);

/* A new directory under TMPDIR or /tmp, removed with all in it by scratch_remove(). */
const char *scratch_make(void);
void scratch_remove(void);
/* A path in it, from a format. 32 of them are valid at a time. */
const char *scratch(const char *format, ...) __attribute__((format(printf, 1, 2)));
void file_write(const char *path, const void *data, size_t size);

/* The numbers of the open descriptors of this process. */
void descriptors_list(char *text, size_t size);

/* options_parse() of a command line that ends in NULL or is cut at its spaces. The texts stay until
 * the next call. The spec is the caller's to spec_free(). */
int options_of(struct spec *spec, const char *const *words);
int options_of_line(struct spec *spec, const char *line);

/* One more group, of these controllers, whose directory is there already. */
struct group *group_add(struct groups *groups, int version, unsigned controllers,
			const char *parent);
/* The same in a nest in own. */
struct group *group_nest(struct groups *groups, unsigned controllers, const char *own);
/* A run of this spec behind its preflight: named web, with a plan, without groups; its root is
 * /box/merged, beside /box/upper and /box/work when the spec names a lower layer. */
void run_fill(struct run *run, const struct spec *spec);

#define BIT(controller) (1U << CONTROLLER_##controller)

#endif
