/*
 * Stands for a kernel, container or sandbox that keeps `ssa run` from working: launcher_refuse WHAT COMMAND...
 *
 * WHAT is CALL=ERRNO, which makes a system call fail, or "listener", which takes the one listener that a process tree
 * can have, or "mute", which answers every seccomp notification ioctl with EPERM, as a security module may, or "5.14",
 * which knows no SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, like kernels before 5.19.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

struct name {
	const char *name;
	unsigned value;
};

static const struct name calls[] = {
	{"seccomp", SYS_seccomp},     {"pidfd_getfd", SYS_pidfd_getfd}, {"pidfd_open", SYS_pidfd_open},
	{"vm_readv", SYS_process_vm_readv}, {"vm_writev", SYS_process_vm_writev},
	{NULL, 0},
};

static const struct name errors[] = {
	{"EPERM", EPERM}, {"EINVAL", EINVAL}, {"EBUSY", EBUSY}, {"ENOSYS", ENOSYS}, {"EACCES", EACCES}, {NULL, 0},
};

static unsigned find(const struct name *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table->value;
	fprintf(stderr, "launcher_refuse: %s is unknown\n", name);
	exit(99);
}

static void install(struct sock_filter *code, unsigned short n, unsigned flags)
{
	struct sock_fprog program = {n, code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0) {
		perror("launcher_refuse: seccomp");
		exit(99);
	}
}

/* refuse makes one call fail. prctl and seccomp are two ways to the same, so that the one is refused with the other. */
static void refuse(unsigned call, unsigned error)
{
	struct sock_filter code[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | error),
		RETURN(SECCOMP_RET_ALLOW),
	};

	install(code, sizeof code / sizeof *code, 0);
}

/* listen takes the listener of the tree; it traps a call that nobody makes, and the descriptor outlives exec. */
static void listen_first(void)
{
	struct sock_filter code[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_acct, 0, 1),
		RETURN(SECCOMP_RET_USER_NOTIF),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};
	int fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (fd < 0 || dup(fd) < 0) {
		perror("launcher_refuse: listener");
		exit(99);
	}
}

/* mute refuses the ioctls of type '!', which are those of seccomp listeners. */
static void mute(void)
{
	struct sock_filter code[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
		LOAD(args[1]),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, '!' << 8, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | EPERM),
		RETURN(SECCOMP_RET_ALLOW),
	};

	install(code, sizeof code / sizeof *code, 0);
}

/* older refuses the flag by which a call that was received is only interrupted by a fatal signal. */
static void older(void)
{
	struct sock_filter code[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 3),
		LOAD(args[1]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1 << 5, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | EINVAL),
		RETURN(SECCOMP_RET_ALLOW),
	};

	install(code, sizeof code / sizeof *code, 0);
}

int main(int argc, char **argv)
{
	char *equals;

	if (argc < 3) {
		fprintf(stderr, "usage: launcher_refuse CALL=ERRNO|listener|mute|5.14 COMMAND...\n");
		return 99;
	}
	equals = strchr(argv[1], '=');
	if (!strcmp(argv[1], "listener")) {
		listen_first();
	} else if (!strcmp(argv[1], "mute")) {
		mute();
	} else if (!strcmp(argv[1], "5.14")) {
		older();
	} else if (equals) {
		*equals = 0;
		refuse(find(calls, argv[1]), find(errors, equals + 1));
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 99;
}
