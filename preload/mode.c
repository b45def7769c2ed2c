#include "mode.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ssa_option.h"

enum mode { NO, YES, BEST_EFFORT };

static struct {
	pthread_once_t once;
	enum mode mode;
} asked = {.once = PTHREAD_ONCE_INIT};

// by_policy asks whoever serves this program what its profile says.
static enum mode by_policy(void)
{
	char word[32];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TLS);
	if (fd < 0)
		return YES; // there is nobody: let connections fail and say why
	option_text(fd, TLS_COERCE, word, sizeof word);
	close(fd);
	if (strcmp(word, "best-effort") == 0)
		return BEST_EFFORT;
	return strcmp(word, "no") == 0 ? NO : YES;
}

// ask takes the word of the profile; ssa run --coerce switches on what it leaves off.
static void ask(void)
{
	const char *word = getenv("SSA_COERCE");
	asked.mode = by_policy();
	if (asked.mode == NO && word && strcmp(word, "yes") == 0)
		asked.mode = YES;
}

static enum mode mode(void)
{
	pthread_once(&asked.once, ask);
	return asked.mode;
}

int coerced(void)
{
	return mode() != NO;
}

int best_effort(void)
{
	return mode() == BEST_EFFORT;
}
