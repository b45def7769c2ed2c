// Packets are what gnutls_record_recv_packet allocates. In a coerced program all are from here.
#include <stdlib.h>

#include "../export.h"
#include "../mode.h"
#include "io.h"
#include "real.h"

struct packet {
	unsigned size;
	unsigned char bytes[RECORD_MAX];
};

EXPORT ssize_t gnutls_record_recv_packet(session_t session, packet_t *packet)
{
	struct conn *c = conn_of(session);
	if (!c)
		return real()->record_recv_packet(session, packet);
	struct packet *p = malloc(sizeof *p);
	*packet = NULL;
	if (!p)
		return E_MEMORY_ERROR;
	ssize_t n = served(c) ? take(c, p->bytes, sizeof p->bytes) : E_INVALID_SESSION;
	if (n <= 0) {
		free(p);
		return n;
	}
	p->size = (unsigned)n;
	*packet = (packet_t)p;
	return n;
}

EXPORT void gnutls_packet_get(packet_t packet, datum_t *data, unsigned char *sequence)
{
	struct packet *p = (struct packet *)packet;
	if (!coerced()) {
		real()->packet_get(packet, data, sequence);
		return;
	}
	if (data)
		*data = p ? (datum_t){p->bytes, p->size} : (datum_t){NULL, 0};
	for (int i = 0; sequence && i < 8; i++)
		sequence[i] = 0;
}

EXPORT void gnutls_packet_deinit(packet_t packet)
{
	if (coerced())
		free(packet);
	else
		real()->packet_deinit(packet);
}
