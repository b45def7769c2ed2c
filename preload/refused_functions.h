// The functions that cannot be served faithfully, in three kinds, and those that do nothing here. `ssa coerce check` reads
// their names from the library.
#ifndef SSA_REFUSED_FUNCTIONS_H
#define SSA_REFUSED_FUNCTIONS_H

// CONTEXT_SETTERS set something on an SSL_CTX that no connection of ours has.
#define CONTEXT_SETTERS(X)                                                                                             \
	X(SSL_CTX_set_psk_client_callback)                                                                             \
	X(SSL_CTX_set_psk_server_callback)                                                                             \
	X(SSL_CTX_set_psk_use_session_callback)                                                                        \
	X(SSL_CTX_set_psk_find_session_callback)                                                                       \
	X(SSL_CTX_use_psk_identity_hint)                                                                               \
	X(SSL_CTX_set_srp_username)                                                                                    \
	X(SSL_CTX_set_srp_password)                                                                                    \
	X(SSL_CTX_set_srp_username_callback)                                                                           \
	X(SSL_CTX_set_srp_client_pwd_callback)                                                                         \
	X(SSL_CTX_set_srp_verify_param_callback)                                                                       \
	X(SSL_CTX_set_ct_validation_callback)                                                                          \
	X(SSL_CTX_add_client_custom_ext)                                                                               \
	X(SSL_CTX_add_server_custom_ext)                                                                               \
	X(SSL_CTX_add_custom_ext)                                                                                      \
	X(SSL_CTX_set_tlsext_use_srtp)                                                                                 \
	X(SSL_CTX_use_serverinfo_file)

// CONNECTION_SETTERS do so on an SSL.
#define CONNECTION_SETTERS(X)                                                                                          \
	X(SSL_set_psk_client_callback)                                                                                 \
	X(SSL_set_psk_server_callback)                                                                                 \
	X(SSL_set_psk_use_session_callback)                                                                            \
	X(SSL_set_psk_find_session_callback)                                                                           \
	X(SSL_use_psk_identity_hint)                                                                                   \
	X(SSL_dane_enable)                                                                                             \
	X(SSL_set_ct_validation_callback)                                                                              \
	X(SSL_set_tlsext_use_srtp)

// CALLS ask for something that a connection does not have or do; with what they return.
#define CALLS(X)                                                                                                       \
	X(SSL_export_keying_material, 0)                                                                               \
	X(SSL_export_keying_material_early, 0)                                                                         \
	X(SSL_get_finished, 0)                                                                                         \
	X(SSL_get_peer_finished, 0)                                                                                    \
	X(SSL_get_client_random, 0)                                                                                    \
	X(SSL_get_server_random, 0)                                                                                    \
	X(SSL_read_early_data, 0)                                                                                      \
	X(SSL_write_early_data, 0)                                                                                     \
	X(SSL_renegotiate, 0)                                                                                          \
	X(SSL_renegotiate_abbreviated, 0)                                                                              \
	X(SSL_key_update, 0)                                                                                           \
	X(SSL_verify_client_post_handshake, 0)                                                                         \
	X(SSL_sendfile, -1)                                                                                            \
	X(SSL_stateless, -1)                                                                                           \
	X(SSL_dup, 0)

// INEFFECTIVE are those of the program's library that go on working on its own objects and mean nothing for a connection:
// what they are about is the policy's and the TLS service's.
#define INEFFECTIVE(X)                                                                                                 \
	X(SSL_CTX_set_msg_callback)                                                                                    \
	X(SSL_set_msg_callback)                                                                                        \
	X(SSL_CTX_set_keylog_callback)                                                                                 \
	X(SSL_CTX_sess_set_new_cb)                                                                                     \
	X(SSL_CTX_sess_set_get_cb)                                                                                     \
	X(SSL_CTX_sess_set_remove_cb)                                                                                  \
	X(SSL_CTX_set_tlsext_ticket_key_evp_cb)                                                                        \
	X(SSL_CTX_set_session_id_context)                                                                              \
	X(SSL_set_session_id_context)                                                                                  \
	X(SSL_CTX_set_timeout)                                                                                         \
	X(SSL_CTX_set_num_tickets)                                                                                     \
	X(SSL_CTX_set_max_early_data)                                                                                  \
	X(SSL_CTX_set_recv_max_early_data)                                                                             \
	X(SSL_CTX_set0_tmp_dh_pkey)                                                                                    \
	X(SSL_CTX_set_security_level)                                                                                  \
	X(SSL_CTX_set_post_handshake_auth)                                                                             \
	X(SSL_set_post_handshake_auth)                                                                                 \
	X(SSL_set_read_ahead)                                                                                          \
	X(SSL_set_session)                                                                                             \
	X(SSL_CTX_remove_session)                                                                                      \
	X(SSL_CTX_set_client_CA_list)                                                                                  \
	X(SSL_CTX_set0_CA_list)                                                                                        \
	X(SSL_set_client_CA_list)

#endif
