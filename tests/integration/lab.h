/* The laboratory: the tutorial's layout in a directory of its own, the real ctr-setup in it, and a
 * look at what it did to the host.
 *
 * Each test starts with a fresh layout (lab_setup) and ends with lab_teardown, which ends what the
 * test started, demands that nothing is left of it, and removes the layout, failed test or not.
 * What functions return belongs to the laboratory and lasts until then. The test program lives in a
 * mount namespace of its own, so that the host's other doings are not taken for ours.
 *
 * Nothing here depends on time: waits end when what they wait for is there, and fail the test after
 * LAB_PATIENCE_S.
 */
#ifndef CTR_TESTS_LAB_H
#define CTR_TESTS_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>
/* after those it needs */
#include <cmocka.h>

enum { LAB_PATIENCE_S = 180, LAB_ROWS = 37, LAB_COLUMNS = 113 };

/* A shell's: shows the memory limit that /sys/fs/cgroup has, and tries to get around it. */
#define LAB_GROUP_PROBE                                                                            \
	"cd /sys/fs/cgroup; [ ! -d memory ] || cd memory; f=memory.max; "                          \
	"[ -e $f ] || f=memory.limit_in_bytes; cat $f; "                                           \
	"(echo 1 >$f) 2>&- || echo kept; mkdir new 2>&- || echo no group; "                        \
	"mkdir /sys/fs/cgroup/new 2>&- || echo no directory; "                                     \
	"mount -o remount,rw . 2>&- || echo no remount; "                                          \
	"mount -o remount,rw /sys/fs/cgroup 2>&- || echo no remount"
#define LAB_GROUP_KEPT "kept\nno group\nno directory\nno remount\nno remount\n"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a run left: status is the exit status, or minus the number of the signal that ended
 * ctr-setup itself. Texts end in NUL. With a terminal, out is all that came out of it. */
struct result {
	int status;
	const char *out, *err;
	size_t out_size, err_size;
};

/* How to start a program; all zero is: ctr-setup, through pipes, with an empty stdin. */
struct call {
	const char *program; /* NULL: ctr-setup */
	const char *input;   /* the whole of stdin, then end-of-file */
	size_t input_size;   /* 0: strlen(input) */
	bool talks;	     /* stdin stays open for job_say() */
	bool terminal;	     /* a pty is stdin, stdout, stderr and the controlling terminal */
	bool terminal_in;    /* a pty is all but stdout, which is a pipe: see job->out */
	const char *const *environment;	      /* NULL: the test's own */
	void (*before)(const void *argument); /* in the child, last before exec */
	const void *argument;
};

struct text {
	char *bytes;
	size_t size, room, seen; /* seen: what job_expect() has gone past */
};

struct job {
	struct job *next;
	pid_t pid;
	int pid_fd;
	int in_fd, out_fd, err_fd; /* our ends; -1: none. A terminal's are one and the same */
	int slave_fd;		   /* of the terminal, for a look at its modes */
	struct termios modes;	   /* before the start */
	bool keeps_modes;	   /* ctr-setup must give them back; a shell may change them */
	const char *input;
	size_t input_left;
	bool closes_input; /* when input_left is 0 */
	struct text out, err;
	bool ended;
	int status;
};

/* --- the layout (lab.c) */

int lab_group_setup(void **state);
int lab_setup(void **state);
int lab_teardown(void **state);

char *lab_directory(void);
/* A path below it. */
char *lab_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *lab_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Memory that was allocated becomes the laboratory's. */
void *lab_keep(void *memory);
/* ROOTFS, whose siblings lower, upper and work are */
char *lab_merged(void);
void lab_write(const char *path, const char *text, mode_t mode);
const char *lab_read(const char *path); /* NULL: cannot be read */
/* For a job's "before": makes the directory at argument its working directory. */
void enter_laboratory(const void *argument);
/* Every path below, with type, mode, owner, size and contents' sum: equal trees, equal texts. */
const char *lab_manifest(const char *path);
bool is_there(const char *path);

/* Skips the test, or fails it where CTR_MUST_WORK=1. */
void lab_cannot(const char *why);
/* What its runs left on the host, processes aside, or NULL. */
const char *lab_difference(void);
/* Fails the test when anything of its runs is left on the host. */
void lab_assert_clean(void);
/* The same of processes alone. No job may be running: their statuses would be lost. */
void lab_assert_no_process(void);

/* --- runs (lab_job.c) */

struct job *job_start(const struct call *call, const char *const *arguments);
/* Waits until text comes, in what was not yet gone past; returns what comes behind it so far. */
const char *job_expect(struct job *job, const char *text);
const char *job_expect_error(struct job *job, const char *text);
void job_say(struct job *job, const char *text);
void job_close_input(struct job *job);
void job_signal(const struct job *job, int signal);
bool job_is_raw(const struct job *job); /* its terminal */
bool job_modes_are_kept(const struct job *job);
bool job_has_ended(struct job *job);
/* Takes in what there is to read, for at most so long. */
void job_listen(struct job *job, int milliseconds);
const struct result *job_end(struct job *job);

#define ARGUMENTS(...)	 ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define START(call, ...) job_start(call, ARGUMENTS(__VA_ARGS__))
/* ctr-setup with these arguments, to its end */
#define RUN(...) job_end(START(NULL, __VA_ARGS__))
/* ctr-setup with these options on the layout's root, running script by busybox sh */
#define RUN_SH(script, ...) job_end(START_SH(NULL, script, __VA_ARGS__))
#define START_SH(call, script, ...)                                                                \
	START(call, __VA_ARGS__ __VA_OPT__(, ) lab_merged(), "--", "sh", "-c", script)
#define CALL(...) (&(struct call){__VA_ARGS__})

void jobs_kill(void);
void jobs_forget(void);
bool jobs_modes_are_kept(void);
bool jobs_have_name(const char *name); /* the name of a container that this test started? */

/* --- time and judgements (lab_judge.c) */

int64_t lab_now_us(void);
void lab_sleep_us(long us);
/* How long a run takes here and now, for delays that are to hit any moment of it. */
long lab_start_us(void);

#define assert_status(result, wanted) lab_assert_status(result, wanted, __FILE__, __LINE__)
#define assert_has(text, part)	      lab_assert_has(text, part, true, __FILE__, __LINE__)
#define assert_lacks(text, part)      lab_assert_has(text, part, false, __FILE__, __LINE__)
/* status 0 and exactly this on stdout */
#define assert_out(result, wanted) lab_assert_out(result, wanted, __FILE__, __LINE__)
/* ctr-setup itself refused: one line of stderr, that has part in it, and status 125 */
#define assert_refused(result, part) lab_assert_refused(result, part, __FILE__, __LINE__)
#define assert_eventually(condition)                                                               \
	lab_assert_eventually(LAB_WITHIN(condition), #condition, __FILE__, __LINE__)

/* True as soon as condition is, false after LAB_PATIENCE_S. */
#define LAB_WITHIN(condition)                                                                      \
	__extension__({                                                                            \
		bool holds = false;                                                                \
		for (int rounds = LAB_PATIENCE_S * 100; !holds && rounds > 0; rounds--) {          \
			holds = (condition);                                                       \
			if (!holds)                                                                \
				lab_sleep_us(10000);                                               \
		}                                                                                  \
		holds;                                                                             \
	})

void lab_assert_status(const struct result *result, int wanted, const char *file, int line);
void lab_assert_out(const struct result *result, const char *wanted, const char *file, int line);
void lab_assert_has(const char *text, const char *part, bool wanted, const char *file, int line);
void lab_assert_refused(const struct result *result, const char *part, const char *file, int line);
void lab_assert_eventually(bool holds, const char *condition, const char *file, int line);

/* --- the host (lab_host.c) */

/* The container's PID 1 and the payload, by the host's numbers; waits until they are there. */
pid_t host_init(const struct job *job);
pid_t host_payload(const struct job *job);
/* A field of /proc/PID/status, as in "State:"; "" when the process is gone. */
const char *host_status(pid_t pid, const char *field);
/* A child of parent by its name; 0 when there is none. */
pid_t host_child(pid_t parent, const char *name);
bool host_is_running(pid_t pid); /* there, and not a zombie */
/* The inode of /proc/PID/ns/NAME; 0 when it is gone. */
uint64_t host_namespace(pid_t pid, const char *name);
/* Runs what is called in the mount namespace of pid; its word is the result. */
const char *host_mountinfo(pid_t pid);

/* The directory of the group that pid is in, for a controller, wherever that is mounted; version is
 * 1 or 2. NULL: this host has no such controller. */
const char *group_of(pid_t pid, const char *controller, int *version);
/* A file there, by its name in either version; without its newline. NULL: cannot be read. */
const char *group_read(pid_t pid, const char *controller, const char *v1, const char *v2);
/* Skips the test when there is no such controller. */
void group_needed(const char *controller);

/* Groups and state directories of our names, one a line. */
const char *host_leftovers(void);

#define TEST(name)	 cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)
#define TESTS_RUN(tests) cmocka_run_group_tests(tests, lab_group_setup, NULL)

#endif
