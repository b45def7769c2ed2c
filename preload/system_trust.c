#include "system_trust.h"

#include <stddef.h>
#include <sys/stat.h>

int same_file(const char *a, const char *b)
{
	struct stat s, t;
	return a && b && stat(a, &s) == 0 && stat(b, &t) == 0 && s.st_ino == t.st_ino && s.st_dev == t.st_dev;
}

int system_trust(const char *path)
{
	static const char *const known[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs", "/etc/pki/tls/certs/ca-bundle.crt",
					    "/etc/pki/tls/certs", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (same_file(path, known[i]))
			return 1;
	return 0;
}
