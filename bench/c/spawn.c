/* spawn COUNT PROGRAM [ARGUMENT...]: starts COUNT processes at once, waits for all, and writes how many nanoseconds that took. */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	uint64_t start = now();
	int status, bad = 0, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (argc < 3 || null < 0)
		errx(2, "usage: spawn COUNT PROGRAM [ARGUMENT...]");
	for (int i = atoi(argv[1]); i > 0; i--) {
		pid_t pid = vfork();
		if (pid < 0)
			err(1, "vfork");
		if (pid == 0) {
			dup2(null, STDOUT_FILENO);
			execv(argv[2], argv + 2);
			_exit(127);
		}
	}
	while (wait(&status) > 0)
		bad += status != 0;
	if (bad)
		errx(1, "%d of the processes failed", bad);
	printf("%llu\n", (unsigned long long)(now() - start));
	return 0;
}
