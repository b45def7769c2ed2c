package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// A proxy is a program that does TLS for another, with Debian's package and what a careful administrator configures: TLS
// 1.3, the same suite and group as everybody, and verification of chain and name.
type proxy struct {
	name    string
	command func(config string) []string
	config  func(proxyPorts) string
}

// proxyPorts are where a proxy listens and where it connects to, and where the certificates are.
type proxyPorts struct{ dir, from, to string }

func (p proxyPorts) file(name string) string { return filepath.Join(p.dir, name) }

const (
	tls13Suite = "TLS_AES_128_GCM_SHA256"
	streamLoad = "/usr/lib/nginx/modules/ngx_stream_module.so"
)

func stunnelCommand(config string) []string { return []string{"stunnel4", config} }
func haproxyCommand(config string) []string { return []string{"haproxy", "-q", "-db", "-f", config} }
func nginxCommand(config string) []string {
	return []string{"nginx", "-c", config, "-g", "daemon off;"}
}

// clientProxies take plain connections and make TLS connections to the peer.
func clientProxies() []proxy {
	return []proxy{
		{stunnelSide, stunnelCommand, func(p proxyPorts) string {
			return fmt.Sprintf("foreground = yes\ndebug = 0\nsyslog = no\npid =\nsocket = r:TCP_NODELAY=1\nsocket = l:TCP_NODELAY=1\n[tls]\nclient = yes\naccept = 127.0.0.1:%s\n"+
				"connect = 127.0.0.1:%s\nCAfile = %s\nverifyChain = yes\ncheckHost = %s\nsni = %s\nsslVersion = TLSv1.3\n"+
				"ciphersuites = %s\ncurves = X25519\nsessionResume = no\n", p.from, p.to, p.file("ca.pem"), peerName, peerName, tls13Suite)
		}},
		{haproxySide, haproxyCommand, func(p proxyPorts) string {
			return haproxyHead + fmt.Sprintf("listen tls\n\tbind 127.0.0.1:%s\n\tserver peer 127.0.0.1:%s ssl verify required ca-file %s sni str(%s) "+
				"verifyhost %s ciphersuites %s ssl-min-ver TLSv1.3 no-ssl-reuse\n", p.from, p.to, p.file("ca.pem"), peerName, peerName, tls13Suite)
		}},
		{nginxSide, nginxCommand, func(p proxyPorts) string {
			return fmt.Sprintf("load_module %s;\n", streamLoad) + nginxHead(p) + fmt.Sprintf("stream {\n\tserver {\n\t\tlisten 127.0.0.1:%s;\n"+
				"\t\tproxy_pass 127.0.0.1:%s;\n\t\tproxy_ssl on;\n\t\tproxy_ssl_verify on;\n\t\tproxy_ssl_trusted_certificate %s;\n"+
				"\t\tproxy_ssl_name %s;\n\t\tproxy_ssl_server_name on;\n\t\tproxy_ssl_protocols TLSv1.3;\n\t\tproxy_ssl_session_reuse off;\n"+
				"\t\tproxy_ssl_conf_command Ciphersuites %s;\n\t\tproxy_ssl_conf_command Groups X25519;\n\t}\n}\n",
				p.from, p.to, p.file("ca.pem"), peerName, tls13Suite)
		}},
	}
}

const haproxyHead = "global\n\tmaxconn 2000\n\ttune.ssl.default-dh-param 2048\n" +
	"defaults\n\tmode tcp\n\ttimeout connect 10s\n\ttimeout client 60s\n\ttimeout server 60s\n"

func nginxHead(p proxyPorts) string {
	return fmt.Sprintf("user root;\npid %s;\nerror_log /dev/null;\nworker_processes 2;\nevents { worker_connections 16384; }\n", p.file("nginx-"+p.from+".pid"))
}

// nginxHTTP is what every nginx of the benchmarks has in common inside http.
func nginxHTTP(p proxyPorts) string {
	return fmt.Sprintf("\taccess_log off;\n\tsendfile on;\n\tkeepalive_requests 100000000;\n\tclient_body_temp_path %[1]s;\n\tproxy_temp_path %[1]s;\n"+
		"\tfastcgi_temp_path %[1]s;\n\tuwsgi_temp_path %[1]s;\n\tscgi_temp_path %[1]s;\n", p.file("nginx-tmp"))
}

func nginxTLS(p proxyPorts) string {
	return fmt.Sprintf("\t\tlisten 127.0.0.1:%s ssl;\n\t\tssl_certificate %s;\n\t\tssl_certificate_key %s;\n\t\tssl_protocols TLSv1.2 TLSv1.3;\n"+
		"\t\tssl_ecdh_curve X25519;\n\t\tssl_conf_command Ciphersuites %s;\n", p.from, p.file("ecdsa.pem"), p.file("ecdsa.key"), tls13Suite)
}

// serverProxies take TLS connections and make plain ones to a web server.
func serverProxies() []proxy {
	return []proxy{
		{stunnelSide, stunnelCommand, func(p proxyPorts) string {
			return fmt.Sprintf("foreground = yes\ndebug = 0\nsyslog = no\npid =\nsocket = r:TCP_NODELAY=1\nsocket = l:TCP_NODELAY=1\n[tls]\naccept = 127.0.0.1:%s\nconnect = 127.0.0.1:%s\n"+
				"cert = %s\nkey = %s\nciphersuites = %s\ncurves = X25519\n", p.from, p.to, p.file("ecdsa.pem"), p.file("ecdsa.key"), tls13Suite)
		}},
		{haproxySide, haproxyCommand, func(p proxyPorts) string {
			return haproxyHead + fmt.Sprintf("listen tls\n\tbind 127.0.0.1:%s ssl crt %s ciphersuites %s curves X25519\n\tserver plain 127.0.0.1:%s\n",
				p.from, p.file("both.pem"), tls13Suite, p.to)
		}},
		{nginxSide + " in front", nginxCommand, func(p proxyPorts) string {
			return nginxHead(p) + "http {\n" + nginxHTTP(p) + fmt.Sprintf("\tupstream plain { server 127.0.0.1:%s; keepalive 64; }\n", p.to) +
				"\tserver {\n" + nginxTLS(p) + "\t\tlocation / {\n\t\t\tproxy_pass http://plain;\n\t\t\tproxy_http_version 1.1;\n\t\t\tproxy_set_header Connection \"\";\n\t\t}\n\t}\n}\n"
		}},
	}
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
