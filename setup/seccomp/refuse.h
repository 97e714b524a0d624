/* What ctr-seccomp says when it does not go on: one printable line on stderr. */
#ifndef CTR_SECCOMP_REFUSE_H
#define CTR_SECCOMP_REFUSE_H

/* "ctr-seccomp: MESSAGE". Bytes outside printable ASCII come out as \xNN: a profile cannot write to
 * the terminal. Returns -EINVAL, so that the function that knows can say it and return it. */
int refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
