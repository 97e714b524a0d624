/* What is said of a command's end beside its status, by a start and by exec. */
#ifndef CTR_SETUP_ENDING_H
#define CTR_SETUP_ENDING_H

/* CTR_MESSAGE_FILTERED has come. */
void ending_filtered_say(void);

/* The command was not started, and nobody has said why. */
void ending_unsaid_say(int status);

#endif
