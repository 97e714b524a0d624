/* What can be done about a step of ctr-init's that failed: it is small, and says only what failed.
 */
#ifndef CTR_SETUP_ADVICE_H
#define CTR_SETUP_ADVICE_H

#include "ctr/message.h"

/* " (the way out)", to stand behind the message's text, or "" when none is known. Pure. */
const char *advice_for(const struct ctr_message *failure);

#endif
