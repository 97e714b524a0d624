/* Processes: reaping, statuses, names, and the death of ctr-setup at any time. */
#include "lab.h"

#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __x86_64__
enum { EM_THIS = EM_X86_64 };
#elif defined(__aarch64__)
enum { EM_THIS = EM_AARCH64 };
#else
enum { EM_THIS = EM_RISCV };
#endif
enum { KILLS = 40, MANY = 50 };

/* --- reaping */

static void a_thousand_orphans_are_reaped_at_once(void **state)
{
	(void)state;
	assert_out(RUN(lab_merged(), "--", "probe", "orphans", "1000"), "0 left\n");
}

static void the_payload_is_a_child_of_pid_1_and_not_pid_1(void **state)
{
	(void)state;
	assert_out(RUN_SH("echo $$ $PPID; readlink /proc/1/exe || echo none"), "2 1\nnone\n");
}

static void what_the_payload_left_running_ends_with_it(void **state)
{
	(void)state;
	assert_status(RUN_SH("setsid sleep 1000 & sleep 1000 & exit 5"), 5);
	lab_assert_clean();
}

static void pid_1_outlives_every_signal_from_inside(void **state)
{
	const struct result *result = RUN(lab_merged(), "--", "probe", "kill1");

	(void)state;
	assert_status(result, 3);
	assert_string_equal(result->out, "alive\n");
}

static void pid_1_outlives_kill_9_and_a_term_to_it_is_the_payload_s(void **state)
{
	(void)state;
	assert_out(RUN_SH("trap 'echo term' TERM; kill -9 1; kill -STOP 1; kill -TERM 1;"
			  " while kill -0 1 && [ $((n += 1)) -lt 3 ]; do sleep 0.1; done;"
			  " echo end"),
		   "term\nend\n");
}

/* --- statuses */

enum { WORDS = 100000, LONG = 100 * 1024, LONGS = 15 };

/* Both are within what a stack of 8 MiB allows. */
static void as_many_words_as_the_kernel_takes_come_in(void **state)
{
	const char **words = lab_keep(calloc(WORDS + 8, sizeof(*words)));
	char *word = lab_keep(calloc(1, LONG + 1));
	const char *const begin[] = {lab_merged(), "--", "sh", "-c", "echo $#; echo $* | wc -c",
				     "sh"};
	const struct result *result;

	(void)state;
	memcpy(words, begin, sizeof(begin));
	for (size_t i = 0; i < WORDS; i++)
		words[COUNT(begin) + i] = "x";
	assert_out(job_end(job_start(NULL, words)), "100000\n200000\n");
	memset(word, 'x', LONG);
	for (size_t i = 0; i < WORDS; i++)
		words[COUNT(begin) + i] = i < LONGS ? word : NULL;
	assert_out(job_end(job_start(NULL, words)), "15\n1536015\n");
	memmove(words + 2, words, (COUNT(begin) + LONGS) * sizeof(*words));
	words[0] = "--rlimit";
	words[1] = "stack=1048576";
	result = job_end(job_start(NULL, words));
	assert_status(result, 126);
	assert_has(result->err, "a quarter of --rlimit stack");
}

static void the_exit_status_is_the_payload_s(void **state)
{
	static const int statuses[] = {0,   1,	 2,   3,   42,	64,  100, 124,
				       125, 126, 127, 128, 129, 254, 255};

	(void)state;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		const struct result *result = RUN_SH(lab_text("exit %d", statuses[i]));

		assert_status(result, statuses[i]);
		assert_string_equal(result->err, "");
	}
}

static void a_payload_ended_by_signal_n_gives_128_plus_n(void **state)
{
	static const int numbers[] = {1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14, 15, 31, 34, 64};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_status(
			RUN(lab_merged(), "--", "probe", "end-by", lab_text("%d", numbers[i])),
			128 + numbers[i]);
}

static void a_command_that_is_not_there_is_127_and_one_that_cannot_run_is_126(void **state)
{
	static const struct {
		const char *command;
		int status;
	} table[] = {
		{"/no/such", 127}, {"nosuch", 127},    {"/bin/busybox/x", 126},
		{"/etc", 126},	   {"/etc/text", 126}, {"/etc/broken", 126},
		{"", 127},
	};

	(void)state;
	lab_write(lab_path("lower/etc/text"), "text\n", 0644);
	lab_write(lab_path("lower/etc/broken"),
		  "\x7f"
		  "ELF",
		  0755);
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct result *result = RUN(lab_merged(), "--", table[i].command);

		assert_status(result, table[i].status);
		assert_has(result->err, "ctr-setup: 90 payload: cannot execute ");
		assert_ptr_equal(strchr(result->err, '\n') + 1, result->err + result->err_size);
	}
}

/* PID 1's program is what /proc/self/exe is when the command is executed. */
static void a_command_that_makes_ctr_init_execute_itself_is_126(void **state)
{
	(void)state;
	lab_write(lab_path("lower/bin/itself"), "#!/proc/self/exe\n", 0755);
	lab_write(lab_path("lower/bin/handed"), "#!/proc/self/exe --handover\n", 0755);
	for (int i = 0; i < 2; i++) {
		const struct result *result = RUN(lab_merged(), "--", i ? "itself" : "/bin/itself");

		assert_status(result, 126);
		assert_string_equal(result->err, "ctr-init: cannot execute /bin/itself: Too many "
						 "levels of symbolic links\n");
	}
	assert_status(RUN(lab_merged(), "--", "handed"), 125);
}

/* A program with nothing in it but the name of its loader. */
static void program_write(const char *path, unsigned char machine, const char *loader)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr loader;
		char text[64];
	} file = {
		.head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			 .e_type = ET_DYN,
			 .e_machine = machine,
			 .e_version = EV_CURRENT,
			 .e_phoff = sizeof(Elf64_Ehdr),
			 .e_ehsize = sizeof(Elf64_Ehdr),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 1},
		.loader = {.p_type = PT_INTERP, .p_offset = offsetof(__typeof__(file), text)},
	};
	FILE *to;

	file.loader.p_filesz = strlen(loader) + 1;
	memcpy(file.text, loader, strlen(loader) + 1);
	lab_write(lab_path("%s", path), "", 0755);
	to = fopen(lab_path("%s", path), "w");
	assert_non_null(to);
	assert_int_equal(fwrite(&file, sizeof(file), 1, to), 1);
	assert_int_equal(fclose(to), 0);
}

static void a_failure_inside_comes_with_a_way_out(void **state)
{
	static const struct {
		const char *option, *value, *command, *said;
	} table[] = {
		{"--env", "PATH=/bin:/x", "nosuch", "cannot execute nosuch (not found in /bin:/x)"},
		{"--env", "A=1", "/no/such", "cannot execute /no/such: No such file or directory"},
		{"--env", "A=1", "/script", "/script (it needs /no/such/interpreter, which is not"},
		{"--env", "PATH=/", "script",
		 "script (it needs /no/such/interpreter, which is not"},
		{"--env", "A=1", "/second", "(it needs /no/such/interpreter, which is not there)"},
		{"--env", "A=1", "/windows", "(it needs /bin/sh\\x0d, which is not there)"},
		{"--env", "A=1", "/dynamic", "/dynamic (it needs /lib64/no-loader, which is not"},
		{"--env", "A=1", "/foreign", "cannot execute /foreign (a program for s390x): Exec"},
		{"--env", "A=1", "/etc/text",
		 "(it must be a file with mode +x, on no noexec mount)"},
		{"--env", "A=1", "/etc/broken", "(a script begins with #!, a program is for this"},
		{"--bind", "/etc:/etc/text", "true", "(a directory goes on a directory)"},
		{"--bind", "/etc/passwd:/etc", "true", "(a file goes on a file)"},
		{"--tmpfs", "/tmp:size=many", "true", "\"size=many\" is not a size"},
		{"--rlimit", "nofile=18446744073709551614", "true", "fs.nr_open): Operation not"},
		{"--rlimit", "nofile=2", "true", "(--rlimit nofile leaves too few): Too many"},
	};

	(void)state;
	lab_write(lab_path("lower/etc/text"), "text\n", 0644);
	lab_write(lab_path("lower/etc/broken"), "text\n", 0755);
	lab_write(lab_path("lower/script"), "#!/no/such/interpreter\n", 0755);
	lab_write(lab_path("lower/second"), "#! /script -x\n", 0755);
	lab_write(lab_path("lower/windows"), "#!/bin/sh\r\necho\r\n", 0755);
	program_write("lower/dynamic", EM_THIS, "/lib64/no-loader");
	program_write("lower/foreign", EM_S390, "");
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct result *result =
			RUN(table[i].option, table[i].value, lab_merged(), "--", table[i].command);

		assert_has(result->err, table[i].said);
		assert_ptr_equal(strchr(result->err, '\n') + 1, result->err + result->err_size);
	}
}

/* --- the death of ctr-setup */

static void a_killed_ctr_setup_takes_the_container_with_it(void **state)
{
	struct job *job = START_SH(CALL(.talks = true), "setsid sleep 1000 & echo ready; cat",
				   "--mem", "64M");

	(void)state;
	job_expect(job, "ready");
	job_signal(job, SIGKILL);
	assert_status(job_end(job), -SIGKILL);
	lab_assert_no_process();
	assert_string_not_equal(host_leftovers(), "");
	assert_status(RUN("gc"), 0);
	lab_assert_clean();
}

static void a_kill_at_any_moment_is_cleaned_up_by_the_next_start_or_gc(void **state)
{
	long span = lab_start_us() * 3 / 2;

	(void)state;
	for (int i = 0; i < KILLS; i++) {
		struct job *job = START(NULL, "--cpu", "50", "--mem", "64M", lab_merged(), "--",
					"sleep", "1000");

		lab_sleep_us(span * i / KILLS + random() % 200);
		job_signal(job, SIGKILL);
		assert_status(job_end(job), -SIGKILL);
		lab_assert_no_process();
		if (i % 2)
			assert_status(RUN("gc"), 0);
		else
			assert_status(RUN("--mem", "64M", lab_merged(), "true"), 0);
		assert_string_equal(host_leftovers(), "");
	}
}

static void gc_leaves_the_living_alone(void **state)
{
	struct job *job = START_SH(CALL(.talks = true), "echo ready; cat", "--mem", "64M");
	int version;

	(void)state;
	group_needed("memory");
	job_expect(job, "ready");
	assert_status(RUN("gc"), 0);
	assert_has(group_of(host_payload(job), "memory", &version), "/ctr-");
	job_say(job, "still here\n");
	job_expect(job, "still here");
	assert_status(job_end(job), 0);
}

/* --- names */

static void a_name_in_use_is_refused_with_who_holds_it(void **state)
{
	const char *name = lab_text("lab-%d-a", getpid());
	struct job *job = START_SH(CALL(.talks = true), "echo ready; cat", "--name", name);

	(void)state;
	job_expect(job, "ready");
	assert_refused(RUN("--name", name, "--ephemeral", lab_merged(), "true"),
		       lab_text("held by process %d", job->pid));
	job_say(job, "unhurt\n");
	job_expect(job, "unhurt");
	assert_status(job_end(job), 0);
	assert_status(RUN("--name", name, "--ephemeral", lab_merged(), "true"), 0);
}

static void containers_of_two_names_run_side_by_side(void **state)
{
	struct job *jobs[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		jobs[i] = START_SH(CALL(.talks = true), "hostname; cat", "--ephemeral", "--mem",
				   "64M", "--name", lab_text("lab-%d-%d", getpid(), i));
	for (int i = 0; i < 2; i++)
		job_expect(jobs[i], lab_text("lab-%d-%d\n", getpid(), i));
	assert_true(host_namespace(host_payload(jobs[0]), "pid") !=
		    host_namespace(host_payload(jobs[1]), "pid"));
	for (int i = 0; i < 2; i++)
		assert_status(job_end(jobs[i]), 0);
}

static void fifty_start_and_end_at_once(void **state)
{
	struct job *jobs[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++)
		jobs[i] = START_SH(NULL, lab_text("echo %d; exit %d", i, i), "--ephemeral", "--cpu",
				   "50", "--mem", "64M");
	for (int i = 0; i < MANY; i++) {
		const struct result *result = job_end(jobs[i]);

		assert_status(result, i);
		assert_string_equal(result->out, lab_text("%d\n", i));
	}
	lab_assert_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_thousand_orphans_are_reaped_at_once),
		TEST(the_payload_is_a_child_of_pid_1_and_not_pid_1),
		TEST(what_the_payload_left_running_ends_with_it),
		TEST(pid_1_outlives_every_signal_from_inside),
		TEST(pid_1_outlives_kill_9_and_a_term_to_it_is_the_payload_s),
		TEST(the_exit_status_is_the_payload_s),
		TEST(as_many_words_as_the_kernel_takes_come_in),
		TEST(a_payload_ended_by_signal_n_gives_128_plus_n),
		TEST(a_command_that_is_not_there_is_127_and_one_that_cannot_run_is_126),
		TEST(a_command_that_makes_ctr_init_execute_itself_is_126),
		TEST(a_failure_inside_comes_with_a_way_out),
		TEST(a_killed_ctr_setup_takes_the_container_with_it),
		TEST(a_kill_at_any_moment_is_cleaned_up_by_the_next_start_or_gc),
		TEST(gc_leaves_the_living_alone),
		TEST(a_name_in_use_is_refused_with_who_holds_it),
		TEST(containers_of_two_names_run_side_by_side),
		TEST(fifty_start_and_end_at_once),
	};

	return TESTS_RUN(tests);
}
