/* The third back end of the seam: each change is printed as shell, and, for --explain=trace, made.
 *
 * The linker puts each __wrap_sys_NAME() in the place of sys_NAME(), which stays to be had as
 * __real_sys_NAME() (ld(1), --wrap). Nothing else of the program is different: what it decides, it
 * decides here as it does in a run. What would be there after a change that is not made has a
 * stand-in (pretence.h), and what would be cloned is forked, so that both sides live their stages.
 */
#ifndef CTR_EXPLAIN_SEAM_H
#define CTR_EXPLAIN_SEAM_H

#define SEAM(type, name, ...)                                                                      \
	type __real_sys_##name(__VA_ARGS__);                                                       \
	type __wrap_sys_##name(__VA_ARGS__);                                                       \
	type __wrap_sys_##name(__VA_ARGS__)

/* A change: made in a trace, then printed. */
#define CHANGE(real, ...) step(is_dry() ? 0 : (real), __VA_ARGS__)
/* One that shell has no command for. */
#define CHANGE_NOTE(real, ...) step_note(is_dry() ? 0 : (real), __VA_ARGS__)

#endif
