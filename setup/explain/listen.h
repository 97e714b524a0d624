/* What was heard of the run. */
#ifndef CTR_EXPLAIN_LISTEN_H
#define CTR_EXPLAIN_LISTEN_H

/* The plan that ctr-init gets, or would; NULL: it was not made yet. */
char *plan_text(void);

#endif
