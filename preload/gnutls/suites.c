#include "suites.h"

#include <stddef.h>
#include <string.h>

uint16_t suite_number(const char *name)
{
	// RFC 8446, 5289, 7905, 8422, 5288 and 5246.
	static const struct {
		uint16_t number;
		const char *name;
	} suites[] = {
	    {0x1301, "TLS_AES_128_GCM_SHA256"},
	    {0x1302, "TLS_AES_256_GCM_SHA384"},
	    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
	    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
	    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
	    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
	    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
	    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
	    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
	    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
	    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
	    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
	    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
	    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
	    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
	    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
	    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
	    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
	    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
	    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
	    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
	    {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
	};
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		if (strcmp(suites[i].name, name) == 0)
			return suites[i].number;
	return 0;
}
