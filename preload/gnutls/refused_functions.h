// The functions that cannot be served faithfully, in three kinds, and those that do nothing here. `ssa coerce check` reads
// their names from the library.
#ifndef SSA_GNUTLS_REFUSED_FUNCTIONS_H
#define SSA_GNUTLS_REFUSED_FUNCTIONS_H

// CREDENTIALS_SETTERS set something on certificate credentials that no connection of ours has.
#define CREDENTIALS_SETTERS(X)                                                                                         \
	X(gnutls_certificate_set_x509_crl)                                                                             \
	X(gnutls_certificate_set_x509_crl_file)                                                                        \
	X(gnutls_certificate_set_x509_crl_mem)                                                                         \
	X(gnutls_certificate_set_rawpk_key_file)                                                                       \
	X(gnutls_certificate_set_rawpk_key_mem)

// SESSION_SETTERS do so on a session.
#define SESSION_SETTERS(X)                                                                                             \
	X(gnutls_transport_set_fastopen)                                                                               \
	X(gnutls_handshake_set_read_function)                                                                          \
	X(gnutls_handshake_set_secret_function)                                                                        \
	X(gnutls_alert_set_read_function)                                                                              \
	X(gnutls_session_ext_register)                                                                                 \
	X(gnutls_session_supplemental_register)                                                                        \
	X(gnutls_session_set_premaster)                                                                                \
	X(gnutls_srtp_set_profile)                                                                                     \
	X(gnutls_srtp_set_profile_direct)

// CALLS ask for something that a connection does not have or do; with what they return.
#define CALLS(X)                                                                                                       \
	X(gnutls_prf, E_UNIMPLEMENTED_FEATURE)                                                                         \
	X(gnutls_prf_raw, E_UNIMPLEMENTED_FEATURE)                                                                     \
	X(gnutls_prf_rfc5705, E_UNIMPLEMENTED_FEATURE)                                                                 \
	X(gnutls_prf_early, E_UNIMPLEMENTED_FEATURE)                                                                   \
	X(gnutls_rehandshake, E_UNIMPLEMENTED_FEATURE)                                                                 \
	X(gnutls_reauth, E_UNIMPLEMENTED_FEATURE)                                                                      \
	X(gnutls_session_key_update, E_UNIMPLEMENTED_FEATURE)                                                          \
	X(gnutls_session_ticket_send, E_UNIMPLEMENTED_FEATURE)                                                         \
	X(gnutls_heartbeat_ping, E_UNIMPLEMENTED_FEATURE)                                                              \
	X(gnutls_heartbeat_pong, E_UNIMPLEMENTED_FEATURE)                                                              \
	X(gnutls_record_get_state, E_UNIMPLEMENTED_FEATURE)                                                            \
	X(gnutls_record_set_state, E_UNIMPLEMENTED_FEATURE)                                                            \
	X(gnutls_record_recv_seq, E_UNIMPLEMENTED_FEATURE)                                                             \
	X(gnutls_record_send_early_data, E_UNIMPLEMENTED_FEATURE)                                                      \
	X(gnutls_record_recv_early_data, E_UNIMPLEMENTED_FEATURE)                                                      \
	X(gnutls_handshake_write, E_UNIMPLEMENTED_FEATURE)

// INEFFECTIVE are those of the program's library that go on working on its own objects and mean nothing for a connection:
// what they are about is the policy's and the TLS service's.
#define INEFFECTIVE(X)                                                                                                 \
	X(gnutls_anon_set_server_known_dh_params)                                                                      \
	X(gnutls_anti_replay_enable)                                                                                   \
	X(gnutls_certificate_set_dh_params)                                                                            \
	X(gnutls_certificate_set_known_dh_params)                                                                      \
	X(gnutls_certificate_set_params_function)                                                                      \
	X(gnutls_certificate_set_ocsp_status_request_file)                                                             \
	X(gnutls_certificate_set_ocsp_status_request_file2)                                                            \
	X(gnutls_certificate_set_ocsp_status_request_function)                                                         \
	X(gnutls_certificate_set_ocsp_status_request_function2)                                                        \
	X(gnutls_certificate_set_ocsp_status_request_mem)                                                              \
	X(gnutls_certificate_set_verify_flags)                                                                         \
	X(gnutls_certificate_set_verify_limits)                                                                        \
	X(gnutls_compress_certificate_set_methods)                                                                     \
	X(gnutls_db_set_cache_expiration)                                                                              \
	X(gnutls_db_set_ptr)                                                                                           \
	X(gnutls_db_set_remove_function)                                                                               \
	X(gnutls_db_set_retrieve_function)                                                                             \
	X(gnutls_db_set_store_function)                                                                                \
	X(gnutls_dh_set_prime_bits)                                                                                    \
	X(gnutls_handshake_set_hook_function)                                                                          \
	X(gnutls_handshake_set_private_extensions)                                                                     \
	X(gnutls_handshake_set_timeout)                                                                                \
	X(gnutls_heartbeat_enable)                                                                                     \
	X(gnutls_ocsp_status_request_enable_client)                                                                    \
	X(gnutls_record_set_max_early_data_size)                                                                       \
	X(gnutls_record_set_max_recv_size)                                                                             \
	X(gnutls_record_set_max_size)                                                                                  \
	X(gnutls_session_enable_compatibility_mode)                                                                    \
	X(gnutls_session_set_keylog_function)                                                                          \
	X(gnutls_session_ticket_enable_client)                                                                         \
	X(gnutls_session_ticket_enable_server)                                                                         \
	X(gnutls_transport_set_vec_push_function)

#endif
