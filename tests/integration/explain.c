/* --explain: what is printed is what would be done, and, run by sh(1), makes the same container. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What of a container can be seen from inside, whoever made it: one thing a line. The kernel adds
 * uuid=on when an upper layer is new; layers are numbers of descriptors in a run, and paths by
 * hand. */
static const char *look(void)
{
	static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "uts"};
	const char *script =
		"sed -e s/,uuid=on// -e 's/\\([rk]dir=\\)[^,]*/\\1/g' /proc/self/mounts | sort; "
		"hostname; cat /proc/self/cgroup; pwd; "
		"id; grep -E '^(Cap|NoNewPrivs|Groups|Uid|Gid|Cpus_allowed_list)' "
		"/proc/self/status; ls /sys/class/net; cat /sys/class/net/lo/operstate; "
		"stat -c '%n %F %a %t:%T' /dev/*; env | grep -v ^SHLVL | sort; ";

	for (size_t i = 0; i < COUNT(kinds); i++)
		script = lab_text("%s echo %s $(readlink /proc/self/ns/%s | grep -c %lu); ", script,
				  kinds[i], kinds[i], host_namespace(getpid(), kinds[i]));
	return lab_text("%s exit 3", script);
}

static const struct result *script_run(const char *script)
{
	lab_write(lab_path("script"), script, 0700);
	return job_end(START(CALL(.program = "/bin/sh"), lab_path("script")));
}

/* The values of the groups as the host sees them, from a hook's place: a payload that waits. */
static const char *limits_of(const struct job *job)
{
	pid_t payload = host_payload(job);

	return lab_text("%s %s %s", group_read(payload, "cpu", "cpu.cfs_quota_us", "cpu.max"),
			group_read(payload, "memory", "memory.limit_in_bytes", "memory.max"),
			group_read(payload, "devices", "devices.list", "-"));
}

static void nothing_is_done_and_each_stage_is_there_in_its_order(void **state)
{
	static const char *const headings[] = {
		"# 20 state: ",	     "# 30 cgroup: ",	"# 40 namespaces: ",
		"# 50 rootfs: ",     "# 60 handover: ", "# 65 root: ",
		"# 70 mounts: ",     "# 75 devices: ",	"# 80 identity: ",
		"# 85 privileges: ", "# 90 payload: ",	"# 30 cgroup, left: ",
		"# 20 state, left: "};
	const char *before = lab_manifest(lab_directory());
	const struct result *result = RUN_SH("touch /began", "--explain", "--cpu", "10", "--mem",
					     "500M", "--name", "explained");
	const char *rest = result->out;

	(void)state;
	assert_status(result, 0);
	assert_string_equal(result->err, "");
	for (size_t i = 0; i < COUNT(headings); i++) {
		assert_has(rest, headings[i]);
		rest = strstr(rest, headings[i]);
	}
	assert_has(result->out, "\nmkdir -m 700 /run/ctr/explained\n");
	assert_has(result->out, "/memory.limit_in_bytes\n");
	assert_has(result->out, "\npivot_root . .\n");
	assert_has(result->out, "\nmknod -m 0666 /dev/null c 1 3\n");
	assert_has(result->out, " setpriv --bounding-set -all,+chown,");
	assert_has(result->out, " sh -c 'touch /began'\n");
	assert_string_equal(lab_manifest(lab_directory()), before);
}

/* Line by line: the whole is too long to be shown. */
static void assert_same_lines(const char *script, const char *run)
{
	while (*script && *run) {
		size_t length = strcspn(script, "\n");

		if (strncmp(script, run, length + 1) != 0)
			fail_msg("the script has \"%.*s\", the run \"%.*s\"", (int)length, script,
				 (int)strcspn(run, "\n"), run);
		script += length + 1;
		run += length + 1;
	}
	assert_string_equal(script, run);
}

static void assert_same(const char *const *options)
{
	const char *explained[32], *real[32];
	const struct result *script, *run;
	size_t count = 0;

	explained[count++] = "--explain=script";
	while (*options) {
		real[count - 1] = *options;
		explained[count++] = *options++;
	}
	for (size_t i = 0; i < 5; i++) {
		const char *words[] = {lab_merged(), "--", "sh", "-c", look()};

		real[count - 1 + i] = explained[count + i] = words[i];
	}
	explained[count + 5] = real[count + 4] = NULL;
	script = job_end(job_start(NULL, explained));
	assert_status(script, 0);
	script = script_run(script->out);
	run = job_end(job_start(NULL, real));
	assert_status(run, 3);
	assert_status(script, 3);
	assert_string_equal(script->err, "");
	assert_same_lines(script->out, run->out);
	assert_has(run->out, "\nmnt 0\n");
}

static void the_script_of_the_main_job_makes_the_same_container(void **state)
{
	(void)state;
	assert_same(ARGUMENTS("--cpu", "10", "--mem", "500M", "--name", "explained"));
}

static void the_script_knows_binds_tmpfs_users_and_a_read_only_root(void **state)
{
	(void)state;
	lab_write(lab_path("file"), "text\n", 0644);
	lab_write(lab_path("lower/etc/passwd"), "b:x:1000:100::/home/b:/bin/sh\n", 0644);
	assert_same(ARGUMENTS("--name", "explained", "--hostname", "other", "--ephemeral",
			      "--read-only", "--bind",
			      lab_text("%s:/data:ro", lab_path("lower/etc")), "--bind",
			      lab_text("%s:/file", lab_path("file")), "--tmpfs", "/tmp:size=1m",
			      "--user", "1000:100", "--env", "A=b'c d", "--workdir", "/tmp",
			      "--cpuset", "0", "--cap-drop", "all"));
}

static void the_script_knows_ambient_capabilities(void **state)
{
	(void)state;
	assert_same(ARGUMENTS("--name", "explained", "--user", "7", "--cap-add", "net_raw",
			      "--cap-add", "kill", "--env", "HOME=/mine"));
}

static void the_script_s_limits_are_those_of_the_run(void **state)
{
	const char *wait = "echo ready; read go";
	const struct result *script = RUN_SH(wait, "--explain=script", "--cpu", "10", "--mem",
					     "500M", "--name", "explained");
	const char *limits;
	struct job *job;

	(void)state;
	group_needed("cpu");
	group_needed("memory");
	job = START_SH(CALL(.talks = true), wait, "--cpu", "10", "--mem", "500M");
	job_expect(job, "ready");
	limits = limits_of(job);
	job_end(job);
	lab_write(lab_path("script"), script->out, 0700);
	job = START(CALL(.program = "/bin/sh", .talks = true), lab_path("script"));
	job_expect(job, "ready");
	/* sh, unshare, PID 1, which is the payload there */
	assert_string_equal(lab_text("%s %s %s",
				     group_read(host_child(host_child(job->pid, "unshare"), "sh"),
						"cpu", "cpu.cfs_quota_us", "cpu.max"),
				     group_read(host_child(host_child(job->pid, "unshare"), "sh"),
						"memory", "memory.limit_in_bytes", "memory.max"),
				     group_read(host_child(host_child(job->pid, "unshare"), "sh"),
						"devices", "devices.list", "-")),
			    limits);
	job_end(job);
}

static void words_of_any_bytes_come_through_the_script(void **state)
{
	const char *word = "a'b \"$HOME\" \\ `id`\n\x1b[31m\xc3\xa4 *";
	const struct result *script = RUN("--explain=script", "--name", "explained", lab_merged(),
					  "--", "printf", "%s", word);

	(void)state;
	assert_null(strchr(script->out, 0x1b));
	assert_out(script_run(script->out), word);
}

static void a_trace_lives_it_and_tells_each_step_with_its_time(void **state)
{
	const struct result *result = RUN_SH("echo inside; exit 4", "--explain=trace", "--mem",
					     "500M", "--name", "explained");
	double last = 0;

	(void)state;
	assert_status(result, 4);
	assert_string_equal(result->out, "inside\n");
	assert_has(result->err, " 20 state       mkdir -m 700 /run/ctr/explained\n");
	assert_has(result->err, " 50 rootfs      mount -t overlay ");
	assert_has(result->err, " 60 handover    exec ctr-init\n");
	assert_has(result->err, " 65 root        root /");
	assert_has(result->err, " 70 mounts      mount proc proc /proc nosuid,nodev,noexec -\n");
	assert_has(result->err, " 80 identity    hostname explained\n");
	assert_has(result->err, " 85 privileges  user 0 0 0\n");
	assert_has(result->err, " 90 payload     # execve(2) has succeeded");
	assert_has(result->err, " 20 state       rmdir /run/ctr/explained\n");
	for (const char *line = result->err; *line; line = strchr(line, '\n') + 1) {
		double at;
		char unit[3];

		if (sscanf(line, "%lf %2s", &at, unit) != 2 || strcmp(unit, "ms") != 0)
			fail_msg("no time in: %.80s", line);
		assert_true(at >= last);
		last = at;
	}
}

static void what_a_run_refuses_is_refused(void **state)
{
	const struct result *result;

	(void)state;
	assert_refused(RUN("--explain=poem", lab_merged()), "poem");
	assert_refused(RUN("--explain", "--check", lab_merged()), "--check");
	assert_refused(RUN("--explain=script", "--userns", lab_merged()), "user namespace");
	result = RUN("--explain=script", lab_path("none"));
	assert_refused(result, "none");
	assert_status(script_run(result->out), 125);
}

/* Every byte but NUL, quoted in a script of each of these shells, comes out as it went in. */
static void words_of_all_bytes_come_through_each_shell(void **state)
{
	static const char *const shells[] = {"/bin/sh -c '. \"$1\"' sh", "/usr/bin/dash",
					     "/usr/bin/bash", "/usr/bin/busybox sh",
					     "/usr/bin/zsh"};
	static char word[128 * 1024];
	unsigned seed = 1;

	(void)state;
	for (unsigned turn = 0; turn < 12; turn++) {
		size_t size = turn == 0 ? sizeof(word) / 2 : turn * 40;
		const struct result *explained;
		const char *line, *end;

		for (size_t i = 0; i < size; i++) {
			seed = seed * 1103515245 + 12345;
			word[i] = (char)(turn % 2 ? "\n'\\-$=\x1b\xff\"`%~a "[(seed >> 16) % 14]
						  : (char)((seed >> 16) % 255 + 1));
		}
		memcpy(word + size - 2, "\n\n", 3);
		explained = RUN("--explain", "--env", lab_text("W=%s", word), lab_merged(), "--",
				"true");
		assert_status(explained, 0);
		/* The head's no-op has the words of the command line. */
		line = strstr(explained->out, "\n: ");
		assert_non_null(line);
		line += 3;
		end = strchr(line, '\n');
		lab_write(lab_path("words"),
			  lab_text("nl='\n'\nset -- %.*s\nprintf %%s \"$4\"\n", (int)(end - line),
				   line),
			  0600);
		for (size_t i = 0; i < COUNT(shells); i++)
			assert_out(job_end(START(
					   CALL(.program = "/bin/sh"), "-c",
					   lab_text("exec %s %s", shells[i], lab_path("words")))),
				   lab_text("W=%s", word));
	}
}

/* In a mount and pid namespace of their own; what they would do is seen by a file. */
static const struct result *script_try(const char *script, size_t size)
{
	lab_write(lab_path("script"), lab_text("%.*s", (int)size, script), 0700);
	return job_end(START(CALL(.program = "/usr/bin/unshare"), "--mount", "--pid", "--fork",
			     "--kill-child", "/bin/sh", lab_path("script")));
}

static void no_word_is_run_outside(void **state)
{
	const char *mark = lab_path("outside");
	const char *evil = lab_text("x\ntouch %s\nCHILD\ntouch %s\nCGROUP\ntouch %s\n}\ntouch %s\n"
				    "'\ntouch %s\n#",
				    mark, mark, mark, mark, mark);
	const struct result *script =
		RUN("--explain=script", "--name", "explained", "--env", lab_text("A=%s", evil),
		    "--tmpfs", "/tmp", "--workdir", "/", lab_merged(), "--", "printf", "%s", evil);

	(void)state;
	assert_status(script, 0);
	assert_out(script_run(script->out), evil);
	assert_false(is_there(mark));
}

static void a_script_that_is_cut_does_nothing(void **state)
{
	const char *before = lab_manifest(lab_path("lower"));
	const struct result *script =
		RUN("--explain=script", "--name", "explained", lab_merged(), "--", "echo", "ran");

	(void)state;
	for (const char *end = script->out; (end = strchr(end, '\n')) && end[1]; end++) {
		const struct result *tried = script_try(script->out, (size_t)(end - script->out));

		assert_string_equal(tried->out, "");
		assert_string_equal(lab_manifest(lab_path("lower")), before);
		assert_null(lab_difference());
	}
}

static void a_failing_unshare_covers_nothing(void **state)
{
	const struct result *script =
		RUN("--explain=script", "--name", "explained", lab_merged(), "--", "echo", "ran");
	const char *body = strstr(script->out, "unshare --mount"), *end;

	(void)state;
	assert_non_null(body);
	end = strstr(body, " sh -eu");
	script = script_try(lab_text("%.*s%s", (int)(body - script->out), script->out, end + 1),
			    strlen(script->out));
	assert_status(script, 125);
	assert_has(script->err, "not in new namespaces");
	assert_string_equal(script->out, "");
}

static void a_missing_command_is_127(void **state)
{
	const struct result *script = RUN("--explain=script", "--name", "explained", lab_merged(),
					  "--", "no-such-command");

	(void)state;
	assert_status(script_run(script->out), 127);
}

static void what_was_cut_comes_whole(void **state)
{
	static char big[60000];
	const struct result *script;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	script = RUN("--explain=script", "--name", "explained", "--env", lab_text("BIG=%s", big),
		     "--env", "AFTER=1", lab_merged(), "--", "sh", "-c",
		     "echo ${#BIG} ${#1} $AFTER", "sh", lab_text("%s'", big));
	assert_out(script_run(script->out), "59999 60000 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_done_and_each_stage_is_there_in_its_order),
		TEST(the_script_of_the_main_job_makes_the_same_container),
		TEST(the_script_knows_binds_tmpfs_users_and_a_read_only_root),
		TEST(the_script_knows_ambient_capabilities),
		TEST(the_script_s_limits_are_those_of_the_run),
		TEST(words_of_any_bytes_come_through_the_script),
		TEST(a_trace_lives_it_and_tells_each_step_with_its_time),
		TEST(what_a_run_refuses_is_refused),
		TEST(words_of_all_bytes_come_through_each_shell),
		TEST(no_word_is_run_outside),
		TEST(a_script_that_is_cut_does_nothing),
		TEST(a_failing_unshare_covers_nothing),
		TEST(a_missing_command_is_127),
		TEST(what_was_cut_comes_whole),
	};

	return TESTS_RUN(tests);
}
