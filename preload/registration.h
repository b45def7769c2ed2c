// How descriptors are registered with epoll instances, for a program that moves the bytes of a connection itself: it waits
// until there is something to read, and a handshake of ours that has ended is something to write. While such a socket is
// becoming a TLS socket its registration asks for both, and what epoll_wait(2) says is put in the program's terms.
#ifndef SSA_REGISTRATION_H
#define SSA_REGISTRATION_H

#include <sys/epoll.h>

// registration_note notes what a call of epoll_ctl(2) has done.
void registration_note(int epfd, int op, int fd, const struct epoll_event *event);

// registration_watch lets a descriptor's registration, also one to come, wake the program when the handshake ends.
void registration_watch(int fd);

// registration_restore gives it back what the program has asked for.
void registration_restore(int fd);

// registration_translate puts the events of an epoll instance in the program's terms.
void registration_translate(int epfd, struct epoll_event *events, int n);

#endif
