/* The end report (--report): what a run used, and how it ended; as lines on stderr, or as one JSON
 * object (docs/JSON.md). What is not known of a run is said to be, or is null.
 */
#ifndef CTR_SETUP_REPORT_H
#define CTR_SETUP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

struct run;

/* Opens where the JSON is to go, before anything is made; time is measured and failures are
 * remembered from here on. Without --report it does nothing. Returns 0, or -errno after fail(). */
int report_open(struct run *run);
/* Writes the report of a run that is over. Says why when it cannot; the run's status stays. */
void report_write(struct run *run);

/* --- what both forms have of it */

/* To the microsecond. */
double in_seconds(uint64_t ns);
/* The signal that ended the command or its start, as far as the status tells; 0: none. */
int end_signal(const struct run *run);
bool upper_is_known(const struct run *run);
/* How it ended, in words; reason: why it did not begin, or "". The caller's, or NULL. Pure. */
char *report_words(const struct run *run, const char *reason);
/* The object, in one line. The caller's, or NULL. Pure. */
char *report_json(const struct run *run);
/* The lines, said. */
void report_say(const struct run *run);

#endif
