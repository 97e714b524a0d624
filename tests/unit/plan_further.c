/* The plan of a further command: the container's privileges, and nothing that made the container.
 */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../init/plan.h"
#include "options.h"
#include "support.h"

static const struct plan_facts facts = {0};
static const struct plan_facts pty_facts = {
	.console_fds = 3, .rows = 24, .columns = 80, .term = "xterm"};

/* The container's own plan. Valid until the next call, as what is below. */
static const char *container(const char *line)
{
	static char kept[CTR_PLAN_MAX];
	const struct plan_facts own = {.root = "/box/merged", .name = "web", .filter_count = 77};
	struct spec spec;
	char *text = NULL;
	size_t size;

	assert_int_equal(options_of_line(&spec, line), OPTIONS_RUN);
	assert_int_equal(plan_compile(&spec, &own, &text, &size), 0);
	strcpy(kept, text);
	free(text);
	spec_free(&spec);
	return kept;
}

static struct spec nothing_asked(char **command)
{
	return (struct spec){.uid = UINT32_MAX, .command = command};
}

static const char *further(const char *of, const struct spec *spec, const struct plan_facts *with)
{
	static char kept[2 * CTR_PLAN_MAX];
	static char parsed[2 * CTR_PLAN_MAX];
	static struct plan plan;
	char *text = NULL;
	size_t size;

	assert_int_equal(plan_compile_further(of, spec, with, &text, &size), 0);
	assert_int_equal(strlen(text), size);
	strcpy(kept, text);
	memcpy(parsed, text, size);
	assert_int_equal(plan_parse(parsed, size, &plan), 0); /* ctr-init understands it */
	free(text);
	return kept;
}

static char *command[] = {(char *)"a b", (char *)"-", NULL};

static void what_is_not_asked_for_is_the_container_s(void **state)
{
	struct spec spec = nothing_asked(command);

	(void)state;
	assert_string_equal(
		further(container("--bind /a:/b --rlimit nofile=5:6 --env X=1 "
				  "--workdir /w /box/merged sh"),
			&spec, &facts),
		"ctr-plan 1\n"
		"rlimit nofile 5 6\n"
		"nonewprivs\n"
		"user 0 0 0\n"
		"caps 00000000800405fb\n"
		"seccomp 5 77\n"
		"workdir /w\n"
		"home /root\n"
		"env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		"env container=ctr\n"
		"env X=1\n"
		"exec a\\040b \\055\n");
}

static void what_is_asked_for_takes_its_place(void **state)
{
	struct spec spec = nothing_asked(command);
	const char *env[] = {"X=2", "TERM=mine"};

	(void)state;
	spec.uid = 7;
	spec.gid = 8;
	spec.workdir = "/x y";
	spec.env = (struct texts){env, 2};
	assert_string_equal(
		further(container("--clear-env --env X=1 /box/merged sh"), &spec, &pty_facts),
		"ctr-plan 1\n"
		"console 24 80 3 7\n"
		"nonewprivs\n"
		"user 7 8 8\n"
		"caps 0\n"
		"seccomp 5 77\n"
		"workdir /x\\040y\n"
		"env X=1\n"
		"env TERM=xterm\n"
		"env X=2\n"
		"env TERM=mine\n"
		"exec a\\040b \\055\n");
}

static void root_and_the_container_s_own_user_have_its_capabilities(void **state)
{
	struct spec spec = nothing_asked(command);

	(void)state;
	assert_contains(further(container("--user 9 /box/merged sh"), &spec, &pty_facts),
			"console 24 80 3 9\nnonewprivs\nuser 9 9 9\ncaps 0000000000000000\n");
	assert_contains(further(container("--user 9 --cap-add kill /box/merged sh"), &spec, &facts),
			"user 9 9 9\ncaps 0000000000000020\n");
	spec.uid = spec.gid = 0;
	assert_contains(further(container("--user 9 /box/merged sh"), &spec, &facts),
			"user 0 0 0\ncaps 0000000000000000\n");
	assert_contains(further(container("--cap-drop all /box/merged sh"), &spec, &facts),
			"user 0 0 0\ncaps 0000000000000000\n");
}

static void nothing_is_kept_from_it_that_privileged_gives(void **state)
{
	struct spec spec = nothing_asked(command);

	(void)state;
	assert_lacks(further(container("--privileged /box/merged sh"), &spec, &facts),
		     "nonewprivs");
}

/* A line of the container's plan begins where a line begins, whatever its fields have. */
static void a_field_is_not_taken_for_a_line(void **state)
{
	static const struct plan_facts own = {.root = "/r\nuser 5 5 5", .name = "web"};
	struct spec spec = nothing_asked(command), of;
	char *text = NULL;
	size_t size;

	(void)state;
	assert_int_equal(options_of(&of, (const char *const[]){"--env", "A=\nuser 5 5\ncaps ff\n",
							       "/box/merged", "users", NULL}),
			 OPTIONS_RUN);
	assert_int_equal(plan_compile(&of, &own, &text, &size), 0);
	assert_contains(further(text, &spec, &facts),
			"user 0 0 0\ncaps 00000000800405fb\nworkdir /\n");
	assert_contains(further(text, &spec, &facts), "env A=\\012user\\0405\\0405\\012caps");
	free(text);
	spec_free(&of);
}

static void what_is_too_much_is_refused(void **state)
{
	char **many = calloc(CTR_PLAN_FIELDS_MAX + 2, sizeof(*many));
	struct spec spec = nothing_asked(many);
	char *text = NULL;
	const char *said;
	size_t size;

	(void)state;
	assert_non_null(many);
	for (size_t i = 0; i <= CTR_PLAN_FIELDS_MAX; i++)
		many[i] = (char *)"x";
	capture_begin(STDERR_FILENO);
	assert_int_equal(
		plan_compile_further(container("/box/merged"), &spec, &facts, &text, &size),
		-E2BIG);
	said = capture_end();
	assert_one_line(said);
	assert_contains(said, "cannot pass 699051 words");
	free(text);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_asked_for_is_the_container_s),
		TEST(what_is_asked_for_takes_its_place),
		TEST(root_and_the_container_s_own_user_have_its_capabilities),
		TEST(nothing_is_kept_from_it_that_privileged_gives),
		TEST(a_field_is_not_taken_for_a_line),
		TEST(what_is_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
