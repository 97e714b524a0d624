#include "victims.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

#define HEAD "6,1234,5678,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
#define KILL_FOR(cause, group, task)                                                               \
	HEAD "mems_allowed=0," cause ",task_memcg=" group ",task=" task ",pid=77,uid=0\n"
#define KILL(group, task) KILL_FOR("oom_memcg=" group, group, task)
#define OURS(task)	  KILL("/user.slice/ctr-web", task)

static void assert_victim(const char *record, const char *name)
{
	char got[64] = "";
	int rc = victim_parse(record, "web", got, sizeof(got));

	if (rc != (name != NULL) || (name && strcmp(got, name) != 0))
		fail_msg("%d \"%s\" of %s", rc, got, record);
}

static void the_victim_of_our_limit_is_named(void **state)
{
	(void)state;
	assert_victim(OURS("tail"), "tail");
	assert_victim(KILL("/ctr-web", "a"), "a");
	assert_victim(OURS(""), "");
}

static void so_is_that_of_a_limit_above_or_below_and_of_the_host_s_want(void **state)
{
	(void)state;
	assert_victim(KILL_FOR("oom_memcg=/user.slice", "/user.slice/ctr-web", "tail"), "tail");
	assert_victim(KILL("/ctr-web/inner", "tail"), "tail");
	assert_victim(KILL_FOR("global_oom", "/ctr-web", "a"), "a");
}

static void another_s_victim_is_not_ours(void **state)
{
	(void)state;
	assert_victim(KILL("/ctr-web2", "tail"), NULL);
	assert_victim(KILL("/xctr-web", "tail"), NULL);
	assert_victim(KILL("/other-web", "tail"), NULL);
	assert_victim(KILL("/ctr-web2/inner", "tail"), NULL);
	assert_victim(KILL_FOR("oom_memcg=/ctr-web", "/other", "tail"), NULL);
	assert_victim(KILL("/", "tail"), NULL);
	assert_victim(KILL("web", "tail"), NULL);
	assert_victim(KILL("", "tail"), NULL);
}

static void what_is_no_such_record_has_no_victim(void **state)
{
	static const char whole[] = OURS("tail");
	size_t complete = (size_t)(strstr(whole, ",pid=") + 5 - whole);

	(void)state;
	assert_victim("", NULL);
	assert_victim("6,1,2,-;Memory cgroup out of memory: Killed process 77 (tail)\n", NULL);
	assert_victim("oom_memcg=/ctr-web,task_memcg=/ctr-web,task=a,pid=1\n", NULL);
	for (size_t size = 0; size < complete; size++) {
		char *record = guarded(whole, size + 1);

		record[size] = '\0';
		assert_victim(record, NULL);
	}
}

static void a_hostile_name_cannot_pass_for_another_run_s(void **state)
{
	(void)state;
	assert_victim(KILL("/ctr-x", "/ctr-web,task="), NULL);
	assert_victim(KILL("/ctr-x", "oom_memcg=/ctr-"), NULL);
	assert_victim(OURS("a,pid=1,uid=5"), "a,pid=1,uid=5");
	assert_victim(OURS(",task=x"), ",task=x");
	assert_victim(OURS(",task=,pid=9,ui"), ",task=,pid=9,ui");
	assert_victim(OURS("\\x0a,task=\\xff"), "\\x0a,task=\\xff");
	assert_victim(KILL("/ctr-web/a,task=in a group's name", "tail"), "tail");
	assert_victim(OURS("%s%n"), "%s%n");
	assert_victim(OURS("\\x1b[2J"), "\\x1b[2J");
}

/* Names of files, and what processes write to the log themselves. */
static void what_only_looks_like_the_kernel_s_record_has_no_victim(void **state)
{
	static const char *const before[] = {
		"12,1,2,-;", "14,1,2,-;", "8,1,2,-;", "6,1,2,-;EXT4-fs: no /", "6,1,2,-; ", ";",
		"-1,;",	     "6,1,2,-",	  "",
	};
	char record[512];

	(void)state;
	for (size_t i = 0; i < COUNT(before); i++) {
		snprintf(record, sizeof(record), "%s%s", before[i], strchr(OURS("tail"), ';') + 1);
		assert_victim(record, NULL);
	}
	assert_victim("6,1,2,-;hello\n SUBSYSTEM=x;oom-kill:,task_memcg=/ctr-web,task=a,pid=1\n",
		      NULL);
	assert_victim("6,1,2,-,caller=T77;oom-kill:,task_memcg=/ctr-web,task=a,pid=1,uid=0\n", "a");
}

static void a_name_that_is_too_long_is_cut(void **state)
{
	char name[5] = "....";

	(void)state;
	assert_int_equal(victim_parse(OURS("longer"), "web", name, sizeof(name)), 1);
	assert_string_equal(name, "long");
}

/* What victims_read() makes of these records, each of which one read(2) gives, as the kernel's
 * log does it. */
static const char *names_of(const char *const *records)
{
	static char names[VICTIMS_TEXT];
	struct victims victims = {.count = 1};
	int ends[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	for (; *records; records++)
		assert_true(send(ends[1], *records, strlen(*records), 0) > 0);
	close(ends[1]);
	victims_read(ends[0], "web", &victims);
	close(ends[0]);
	victims_join(&victims, names);
	return names;
}
#define NAMES(...) names_of((const char *const[]){__VA_ARGS__, NULL})

static void each_victim_is_named_once(void **state)
{
	(void)state;
	assert_string_equal(NAMES("6,1,1,-;hello\n"), "");
	assert_string_equal(NAMES(OURS("tail"), "6,1,1,-;x\n", OURS("sh"), OURS("tail"),
				  KILL("/ctr-x", "other")),
			    "tail, sh");
}

static void a_victim_whose_name_is_part_of_another_s_is_named(void **state)
{
	(void)state;
	assert_string_equal(NAMES(OURS("bash"), OURS("sh")), "bash, sh");
}

static void names_beyond_the_room_for_them_are_left_out(void **state)
{
	const char *records[VICTIMS_MAX + 3] = {NULL}, *names;
	char texts[VICTIMS_MAX + 2][256];

	(void)state;
	for (int i = 0; i < VICTIMS_MAX + 2; i++) {
		snprintf(texts[i], sizeof(texts[i]), OURS("%015d"), i);
		records[i] = texts[i];
	}
	names = names_of(records);
	assert_int_equal(strlen(names), VICTIMS_MAX * 15 + (VICTIMS_MAX - 1) * 2);
	assert_contains(names, ", 000000000000015");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_victim_of_our_limit_is_named),
		TEST(so_is_that_of_a_limit_above_or_below_and_of_the_host_s_want),
		TEST(another_s_victim_is_not_ours),
		TEST(what_is_no_such_record_has_no_victim),
		TEST(a_hostile_name_cannot_pass_for_another_run_s),
		TEST(what_only_looks_like_the_kernel_s_record_has_no_victim),
		TEST(a_name_that_is_too_long_is_cut),
		TEST(each_victim_is_named_once),
		TEST(a_victim_whose_name_is_part_of_another_s_is_named),
		TEST(names_beyond_the_room_for_them_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
