/* Strict parsers for what the user writes. Pure. Each takes digits only (no sign, no space), checks
 * the range, and returns false without touching *value when text is anything else.
 */
#ifndef CTR_SETUP_PARSE_H
#define CTR_SETUP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal number from min to max. */
bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Bytes: a number with nothing or one of K M G T (powers of 1024), and with B or iB behind, in
 * either case, up to 2^63 - 1. With a letter, up to six decimals are taken: 0.5G. */
bool size_parse(const char *text, uint64_t *bytes);

/* Percent of one CPU, with up to three decimals, as microseconds in a period of 100 ms: "10" is
 * 10000. At least 1 %, the kernel's least quota. */
bool percent_parse(const char *text, uint64_t *quota_us);

/* A time with one of ms s m h d, seconds without, and with up to six decimals, as milliseconds;
 * above zero. */
bool duration_parse(const char *text, uint64_t *milliseconds);

/* UID or UID:GID, each from 0 to 2^32 - 2; the group is the user's number when it is left out. */
bool user_parse(const char *text, uint32_t *uid, uint32_t *gid);

/* SOFT or SOFT:HARD, each a number or "unlimited" (UINT64_MAX); soft is at most hard. */
bool rlimit_values_parse(const char *text, uint64_t *soft, uint64_t *hard);

/* A list of CPUs as cpuset(7) has it: numbers and ranges, by comma. */
bool cpu_list_is_valid(const char *text);

/* What may be done with a device: r, w and m (mknod), each at most once, as a bit set of ACCESS_*.
 */
bool access_parse(const char *text, unsigned *access);

/* A signal as kill(1) has it: a number from 1 to 64, a name with or without SIG in either case,
 * RTMIN, RTMIN+N, RTMAX or RTMAX-N. */
bool signal_name_parse(const char *text, int *number);

/* A container's name, and its host name: 1 to 64 of A-Z a-z 0-9 _ . + -, the first one of A-Z a-z
 * 0-9 _. */
bool name_is_valid(const char *text);

/* bytes as a size_parse() text: "500M", or the bare number when no unit fits exactly. */
void size_format(uint64_t bytes, char *text, size_t size);

#endif
