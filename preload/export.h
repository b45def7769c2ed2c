#ifndef SSA_EXPORT_H
#define SSA_EXPORT_H

// EXPORT marks the functions that take the place of the library's or of libc's.
#define EXPORT __attribute__((visibility("default")))

#endif
