/* Signals are never handled asynchronously: they are blocked from the first moment on and read from
 * a descriptor. What the caller ignores (nohup, a background job of a script) stays ignored.
 */
#ifndef CTR_SETUP_SIGNALS_H
#define CTR_SETUP_SIGNALS_H

/* Blocks all that can be blocked but those that are ignored. */
void signals_block(void);

/* A descriptor to read what is blocked from (signalfd(2)), or -errno. */
int signals_open(void);

/* The number of one that came to end us, or 0. It stays pending. */
int signals_end_asked(void);

/* As the caller had it: for a child that executes a program of the host. */
void signals_restore(void);

/* Nothing is ignored any more: for a child that becomes a container. All are blocked until then. */
void signals_default(void);

#endif
