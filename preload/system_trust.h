// Where a distribution has its certificate authorities.
#ifndef SSA_SYSTEM_TRUST_H
#define SSA_SYSTEM_TRUST_H

// system_trust says whether a path leads there.
int system_trust(const char *path);

// same_file says whether two paths lead to the same file or directory.
int same_file(const char *a, const char *b);

#endif
