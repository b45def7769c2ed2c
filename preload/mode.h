// Whether this program is coerced, and how strictly.
#ifndef SSA_MODE_H
#define SSA_MODE_H

// coerced says whether the program's TLS is ours. It is asked once, of whoever runs the program.
int coerced(void);

// best_effort says whether a connection is made although something the program has set cannot be kept to.
int best_effort(void);

#endif
