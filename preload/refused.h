// What cannot be served faithfully.
#ifndef SSA_REFUSED_H
#define SSA_REFUSED_H

// refused reports a function by name on standard error, once in the life of the program.
void refused(const char *function);

#endif
