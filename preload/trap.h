// A trap for the descriptor that code of the program is about to use.
#ifndef SSA_TRAP_H
#define SSA_TRAP_H

#include <sys/types.h>

// trap_set lets the calls of this thread that would read or write note their descriptor instead, and give this result: 0, or
// -1 with EAGAIN.
void trap_set(ssize_t result);

// trap_take ends that and gives the descriptor, -1 when there was none.
int trap_take(void);

// trap_caught notes a descriptor and says whether the call is not to be made, and its result.
int trap_caught(int fd, ssize_t *result);

#endif
