/* The life of a container as numbered stages; it runs through both programs.
 *
 * The number is the prefix of the file that implements the stage (setup/stages/NN_name.c,
 * init/stages/NN_name.c), of its log line and of a failure report. A lint test keeps folder and
 * list in agreement. Numbers never appear in identifiers, so reordering is a rename.
 */
#ifndef CTR_STAGE_H
#define CTR_STAGE_H

#define CTR_SETUP_STAGES(X)                                                                        \
	X(PREFLIGHT, 10, "preflight")                                                              \
	X(STATE, 20, "state")                                                                      \
	X(CGROUP, 30, "cgroup")                                                                    \
	X(NAMESPACES, 40, "namespaces")                                                            \
	X(ROOTFS, 50, "rootfs")                                                                    \
	X(HOOKS, 55, "hooks")

/* Handover and watch have a part in both programs. */
#define CTR_INIT_STAGES(X)                                                                         \
	X(HANDOVER, 60, "handover")                                                                \
	X(ROOT, 65, "root")                                                                        \
	X(MOUNTS, 70, "mounts")                                                                    \
	X(DEVICES, 75, "devices")                                                                  \
	X(IDENTITY, 80, "identity")                                                                \
	X(MACHINE, 82, "machine")                                                                  \
	X(PRIVILEGES, 85, "privileges")                                                            \
	X(PAYLOAD, 90, "payload")                                                                  \
	X(WATCH, 95, "watch")                                                                      \
	X(END, 97, "end")

#define CTR_STAGES(X) CTR_SETUP_STAGES(X) CTR_INIT_STAGES(X)

enum ctr_stage {
#define CTR_STAGE_ENUM(id, number, name) CTR_STAGE_##id = (number),
	CTR_STAGES(CTR_STAGE_ENUM)
#undef CTR_STAGE_ENUM
};

#endif
