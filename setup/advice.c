#include "advice.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "ctr/stage.h"

static const struct row {
	enum ctr_stage stage;
	int error;
	const char *begin; /* of the text */
	const char *advice;
} rows[] = {
	{CTR_STAGE_MOUNTS, EROFS, "cannot mount ",
	 " (the root lacks it and cannot be written to: make it in the image)"},
	{CTR_STAGE_MOUNTS, EINVAL, "cannot mount tmpfs ", " (tmpfs(5) has the options)"},
	{CTR_STAGE_MOUNTS, ENOTDIR, "cannot bind ", " (a directory goes on a directory)"},
	{CTR_STAGE_MOUNTS, EISDIR, "cannot bind ", " (a file goes on a file)"},
	{CTR_STAGE_PAYLOAD, EMFILE, "", " (--rlimit nofile leaves too few)"},
	{CTR_STAGE_PAYLOAD, EACCES, "cannot execute ",
	 " (it must be a file with mode +x, on no noexec mount)"},
	{CTR_STAGE_PAYLOAD, E2BIG, "cannot execute ",
	 " (words and environment may have a quarter of --rlimit stack, or of ulimit -s)"},
};

const char *advice_for(const struct ctr_message *failure)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].stage == failure->stage && rows[i].error == failure->error &&
		    strncmp(failure->text, rows[i].begin, strlen(rows[i].begin)) == 0)
			return rows[i].advice;
	return "";
}
