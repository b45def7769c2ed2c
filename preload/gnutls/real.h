// The functions of the libgnutls that the program uses. real()->handshake is its gnutls_handshake, and so on.
#ifndef SSA_GNUTLS_REAL_H
#define SSA_GNUTLS_REAL_H

#include "gnutls.h"

#define REAL_FUNCTIONS(X)                                                                                              \
	X(int, init, (session_t *, unsigned))                                                                          \
	X(void, deinit, (session_t))                                                                                   \
	X(int, handshake, (session_t))                                                                                 \
	X(void, handshake_set_post_client_hello_function, (session_t, session_func *))                                 \
	X(ssize_t, record_send, (session_t, const void *, size_t))                                                     \
	X(ssize_t, record_send2, (session_t, const void *, size_t, size_t, unsigned))                                  \
	X(ssize_t, record_send_range, (session_t, const void *, size_t, const void *))                                 \
	X(ssize_t, record_send_file, (session_t, int, off_t *, size_t))                                                \
	X(ssize_t, record_recv, (session_t, void *, size_t))                                                           \
	X(ssize_t, record_recv_packet, (session_t, packet_t *))                                                        \
	X(void, packet_get, (packet_t, datum_t *, unsigned char *))                                                    \
	X(void, packet_deinit, (packet_t))                                                                             \
	X(void, record_cork, (session_t))                                                                              \
	X(int, record_uncork, (session_t, unsigned))                                                                   \
	X(size_t, record_check_corked, (session_t))                                                                    \
	X(size_t, record_check_pending, (session_t))                                                                   \
	X(size_t, record_discard_queued, (session_t))                                                                  \
	X(int, record_get_direction, (session_t))                                                                      \
	X(void, record_set_timeout, (session_t, unsigned))                                                             \
	X(int, bye, (session_t, int))                                                                                  \
	X(int, alert_get, (session_t))                                                                                 \
	X(int, alert_send, (session_t, int, int))                                                                      \
	X(int, alert_send_appropriate, (session_t, int))                                                               \
	X(const char *, strerror, (int))                                                                               \
	X(void, perror, (int))                                                                                         \
	X(void, transport_set_pull_function, (session_t, pull_func *))                                                 \
	X(void, transport_set_push_function, (session_t, push_func *))                                                 \
	X(void, transport_set_pull_timeout_function, (session_t, pull_timeout_func *))                                 \
	X(void, transport_set_errno, (session_t, int))                                                                 \
	X(void, transport_set_ptr2, (session_t, void *, void *))                                                       \
	X(void, transport_get_ptr2, (session_t, void **, void **))                                                     \
	X(int, server_name_set, (session_t, int, const void *, size_t))                                                \
	X(int, server_name_get, (session_t, void *, size_t *, unsigned *, unsigned))                                   \
	X(int, alpn_set_protocols, (session_t, const datum_t *, unsigned, unsigned))                                   \
	X(int, alpn_get_selected_protocol, (session_t, datum_t *))                                                     \
	X(int, priority_init, (priority_t *, const char *, const char **))                                             \
	X(int, priority_init2, (priority_t *, const char *, const char **, unsigned))                                  \
	X(void, priority_deinit, (priority_t))                                                                         \
	X(int, priority_protocol_list, (priority_t, const unsigned **))                                                \
	X(int, priority_get_cipher_suite_index, (priority_t, unsigned, unsigned *))                                    \
	X(int, priority_set, (session_t, priority_t))                                                                  \
	X(int, priority_set_direct, (session_t, const char *, const char **))                                          \
	X(int, set_default_priority, (session_t))                                                                      \
	X(int, set_default_priority_append, (session_t, const char *, const char **, unsigned))                        \
	X(const char *, cipher_suite_info, (size_t, unsigned char *, int *, int *, int *, int *))                      \
	X(const char *, cipher_get_name, (int))                                                                        \
	X(const char *, kx_get_name, (int))                                                                            \
	X(int, cipher_get, (session_t))                                                                                \
	X(int, mac_get, (session_t))                                                                                   \
	X(int, kx_get, (session_t))                                                                                    \
	X(int, protocol_get_version, (session_t))                                                                      \
	X(int, certificate_type_get, (session_t))                                                                      \
	X(int, certificate_type_get2, (session_t, int))                                                                \
	X(int, auth_get_type, (session_t))                                                                             \
	X(int, auth_server_get_type, (session_t))                                                                      \
	X(int, auth_client_get_type, (session_t))                                                                      \
	X(int, safe_renegotiation_status, (session_t))                                                                 \
	X(unsigned, session_get_flags, (session_t))                                                                    \
	X(int, session_is_resumed, (session_t))                                                                        \
	X(int, session_get_data, (session_t, void *, size_t *))                                                        \
	X(int, session_get_data2, (session_t, datum_t *))                                                              \
	X(int, session_set_data, (session_t, const void *, size_t))                                                    \
	X(int, session_get_id, (session_t, void *, size_t *))                                                          \
	X(int, session_get_id2, (session_t, datum_t *))                                                                \
	X(char *, session_get_desc, (session_t))                                                                       \
	X(int, session_channel_binding, (session_t, int, datum_t *))                                                   \
	X(void, session_set_verify_cert, (session_t, const char *, unsigned))                                          \
	X(void, session_set_verify_cert2, (session_t, vdata_t *, unsigned, unsigned))                                  \
	X(void, session_set_verify_function, (session_t, session_func *))                                              \
	X(unsigned, session_get_verify_cert_status, (session_t))                                                       \
	X(int, ocsp_status_request_get, (session_t, datum_t *))                                                        \
	X(int, ocsp_status_request_get2, (session_t, unsigned, datum_t *))                                             \
	X(unsigned, ocsp_status_request_is_checked, (session_t, unsigned))                                             \
	X(int, credentials_set, (session_t, int, void *))                                                              \
	X(int, credentials_get, (session_t, int, void **))                                                             \
	X(void, certificate_free_credentials, (credentials_t))                                                         \
	X(void, certificate_server_set_request, (session_t, int))                                                      \
	X(void, certificate_set_verify_function, (credentials_t, session_func *))                                      \
	X(void, certificate_set_retrieve_function, (credentials_t, retrieve_func *))                                   \
	X(void, certificate_set_retrieve_function2, (credentials_t, retrieve2_func *))                                 \
	X(void, certificate_set_retrieve_function3, (credentials_t, retrieve3_func *))                                 \
	X(const datum_t *, certificate_get_peers, (session_t, unsigned *))                                             \
	X(const datum_t *, certificate_get_ours, (session_t))                                                          \
	X(time_t, certificate_expiration_time_peers, (session_t))                                                      \
	X(time_t, certificate_activation_time_peers, (session_t))                                                      \
	X(int, certificate_verify_peers, (session_t, vdata_t *, unsigned, unsigned *))                                 \
	X(int, certificate_verify_peers2, (session_t, unsigned *))                                                     \
	X(int, certificate_verify_peers3, (session_t, const char *, unsigned *))                                       \
	X(int, certificate_set_x509_system_trust, (credentials_t))                                                     \
	X(int, certificate_set_x509_trust_file, (credentials_t, const char *, int))                                    \
	X(int, certificate_set_x509_trust_dir, (credentials_t, const char *, int))                                     \
	X(void, certificate_get_trust_list, (credentials_t, trust_list_t *))                                           \
	X(int, certificate_get_x509_key, (credentials_t, unsigned, x509_privkey_t *))                                  \
	X(int, certificate_get_x509_crt, (credentials_t, unsigned, crt_t **, unsigned *))                              \
	X(int, x509_trust_list_add_system_trust, (trust_list_t, unsigned, unsigned))                                   \
	X(int, x509_trust_list_add_trust_file, (trust_list_t, const char *, const char *, int, unsigned, unsigned))    \
	X(int, x509_trust_list_add_trust_dir, (trust_list_t, const char *, const char *, int, unsigned, unsigned))     \
	X(int, x509_trust_list_iter_get_ca, (trust_list_t, trust_iter_t *, crt_t *))                                   \
	X(void, x509_trust_list_deinit, (trust_list_t, unsigned))                                                      \
	X(int, x509_crt_init, (crt_t *))                                                                               \
	X(int, x509_crt_import, (crt_t, const datum_t *, int))                                                         \
	X(int, x509_crt_export2, (crt_t, int, datum_t *))                                                              \
	X(void, x509_crt_deinit, (crt_t))                                                                              \
	X(unsigned, x509_crt_check_hostname, (crt_t, const char *))                                                    \
	X(unsigned, x509_crt_check_ip, (crt_t, const unsigned char *, unsigned, unsigned))                             \
	X(unsigned, x509_crt_check_key_purpose, (crt_t, const char *, unsigned))                                       \
	X(int, x509_crt_get_signature_algorithm, (crt_t))                                                              \
	X(int, x509_crt_get_pk_algorithm, (crt_t, unsigned *))                                                         \
	X(time_t, x509_crt_get_expiration_time, (crt_t))                                                               \
	X(time_t, x509_crt_get_activation_time, (crt_t))                                                               \
	X(int, x509_privkey_export2_pkcs8, (x509_privkey_t, int, const char *, unsigned, datum_t *))                   \
	X(void, x509_privkey_deinit, (x509_privkey_t))                                                                 \
	X(int, privkey_export_x509, (privkey_t, x509_privkey_t *))                                                     \
	X(void, privkey_deinit, (privkey_t))                                                                           \
	X(void, pcert_deinit, (pcert_t *))                                                                             \
	X(int, pem_base64_encode2, (const char *, const datum_t *, datum_t *))                                         \
	X(int, pem_base64_decode2, (const char *, const datum_t *, datum_t *))                                         \
	X(int, sign_get_hash_algorithm, (int))                                                                         \
	X(int, fingerprint, (int, const datum_t *, void *, size_t *))                                                  \
	X(void, memset, (void *, int, size_t))

// REAL_OPTIONAL are missing before 3.7.4 and may be NULL.
#define REAL_OPTIONAL(X) X(const char *, ciphersuite_get, (session_t))

#define DECLARE(ret, name, params) ret(*name) params;
struct real {
	REAL_FUNCTIONS(DECLARE)
	REAL_OPTIONAL(DECLARE)
};
#undef DECLARE

// real finds the library the first time.
const struct real *real(void);

// real_by_name finds any function of it.
void *real_by_name(const char *name);

// real_free is gnutls_free.
void real_free(void *allocated);

#endif
