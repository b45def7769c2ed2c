package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A proxy is a program that does TLS for another, with Debian's package and what a careful administrator configures: TLS
// 1.3, the same suite and group as everybody, and verification of chain and name.
type proxy struct {
	name    string
	command func(config string) []string
	config  func(proxyPorts) string
}

// proxyPorts are where a proxy listens and where it connects to, and where the certificates are.
type proxyPorts struct {
	dir, from string
	// to has an address, or is a port of this machine.
	to string
	// ca is the file of the authority that is believed and host the name it must have certified.
	ca, host string
	// key is the kind of key of a server, see workshop.ports.
	key string
	// resume says that sessions with a server are resumed.
	resume bool
	// most is how many connections there can be.
	most int
}

// target is where the proxy connects to, as ADDRESS:PORT.
func (p proxyPorts) target() string {
	if strings.Contains(p.to, ":") {
		return p.to
	}
	return "127.0.0.1:" + p.to
}

// when chooses between two values.
func when[T any](is bool, yes, no T) T {
	if is {
		return yes
	}
	return no
}

func (p proxyPorts) file(name string) string { return filepath.Join(p.dir, name) }

const (
	tls13Suite = "TLS_AES_128_GCM_SHA256"
	streamLoad = "/usr/lib/nginx/modules/ngx_stream_module.so"
)

func stunnelCommand(config string) []string { return []string{"stunnel4", config} }

// haproxyCommand has OpenSSL read a configuration of its own: HAProxy 2.6 has no word for a client's groups.
func haproxyCommand(config string) []string {
	const script = `printf 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nGroups=X25519\n' >"$0.cnf"; OPENSSL_CONF=$0.cnf exec haproxy -q -db -f "$0"`
	return []string{"sh", "-c", script, config}
}
func scriptCommand(config string) []string { return []string{"sh", config} }
func nginxCommand(config string) []string {
	return []string{"nginx", "-c", config, "-g", "daemon off;"}
}

// clientProxies take plain connections and make TLS connections to the peer.
func clientProxies() []proxy {
	return []proxy{
		{stunnelSide, stunnelCommand, func(p proxyPorts) string {
			return fmt.Sprintf(stunnelHead+"client = yes\naccept = 127.0.0.1:%s\nconnect = %s\nCAfile = %s\nverifyChain = yes\ncheckHost = %s\nsni = %s\n"+
				"sslVersion = TLSv1.3\nciphersuites = %s\ncurves = X25519\nsessionResume = %s\n",
				p.from, p.target(), p.ca, p.host, p.host, tls13Suite, when(p.resume, "yes", "no"))
		}},
		{haproxySide, haproxyCommand, func(p proxyPorts) string {
			return haproxyHead(p) + fmt.Sprintf("listen tls\n\tbind 127.0.0.1:%s\n\tserver peer %s ssl verify required ca-file %s sni str(%s) "+
				"verifyhost %s ciphersuites %s ssl-min-ver TLSv1.3 %s\n", p.from, p.target(), p.ca, p.host, p.host, tls13Suite,
				when(p.resume, "", "no-ssl-reuse"))
		}},
		{nginxSide, nginxCommand, func(p proxyPorts) string {
			return fmt.Sprintf("load_module %s;\n", streamLoad) + nginxHead(p) + fmt.Sprintf("stream {\n\tserver {\n\t\tlisten 127.0.0.1:%s;\n"+
				"\t\tproxy_pass %s;\n\t\tproxy_ssl on;\n\t\tproxy_ssl_verify on;\n\t\tproxy_ssl_trusted_certificate %s;\n"+
				"\t\tproxy_ssl_name %s;\n\t\tproxy_ssl_server_name on;\n\t\tproxy_ssl_protocols TLSv1.3;\n\t\tproxy_ssl_session_reuse %s;\n"+
				"\t\tproxy_ssl_conf_command Ciphersuites %s;\n\t\tproxy_ssl_conf_command Groups X25519;\n\t}\n}\n",
				p.from, p.target(), p.ca, p.host, when(p.resume, "on", "off"), tls13Suite)
		}},
		{ghostunnelSide, scriptCommand, func(p proxyPorts) string {
			return ghostunnelHead + fmt.Sprintf("client --quiet=all --listen 127.0.0.1:%s --target %s --cacert %s --disable-authentication "+
				"--override-server-name %s\n", p.from, p.target(), p.ca, p.host)
		}},
	}
}

// installed are the proxies that this machine has.
func (w *workshop) installed(all []proxy) []proxy {
	return slices.DeleteFunc(all, func(p proxy) bool {
		if _, err := exec.LookPath(ghostunnelSide); p.name != ghostunnelSide || err == nil {
			return false
		}
		w.results.note("ghostunnel is not on the PATH, so it is not among the proxies: Debian 12 has no package of it.")
		return true
	})
}

const stunnelHead = "foreground = yes\ndebug = 0\nsyslog = no\npid =\nsocket = r:TCP_NODELAY=1\nsocket = l:TCP_NODELAY=1\n[tls]\n"

func haproxyHead(p proxyPorts) string {
	return fmt.Sprintf("global\n\tmaxconn %d\n\ttune.ssl.default-dh-param 2048\n"+
		"defaults\n\tmode tcp\n\ttimeout connect 10s\n\ttimeout client 1h\n\ttimeout server 1h\n", p.most)
}

// ghostunnelHead limits the groups by the only way there is, the Go runtime's.
const ghostunnelHead = "GODEBUG=tlsmlkem=0,tlssecpmlkem=0 exec ghostunnel "

func nginxHead(p proxyPorts) string {
	return fmt.Sprintf("user root;\npid %s;\nerror_log /dev/null;\nworker_processes 2;\nevents { worker_connections 16384; }\n", p.file("nginx-"+p.from+".pid"))
}

// nginxHTTP is what every nginx of the benchmarks has in common inside http.
func nginxHTTP(p proxyPorts) string {
	return fmt.Sprintf("\taccess_log off;\n\tsendfile on;\n\tkeepalive_timeout 1h;\n\tkeepalive_requests 100000000;\n\tclient_body_temp_path %[1]s;\n\tproxy_temp_path %[1]s;\n"+
		"\tfastcgi_temp_path %[1]s;\n\tuwsgi_temp_path %[1]s;\n\tscgi_temp_path %[1]s;\n", p.file("nginx-tmp"))
}

func nginxTLS(p proxyPorts) string {
	return fmt.Sprintf("\t\tlisten 127.0.0.1:%s ssl;\n\t\tssl_certificate %s;\n\t\tssl_certificate_key %s;\n\t\tssl_protocols TLSv1.2 TLSv1.3;\n"+
		"\t\tssl_ecdh_curve X25519;\n\t\tssl_conf_command Ciphersuites %s;\n", p.from, p.file(p.key+".pem"), p.file(p.key+".key"), tls13Suite)
}

// serverProxies take TLS connections and make plain ones to a web server.
func serverProxies() []proxy {
	return []proxy{
		{stunnelSide, stunnelCommand, func(p proxyPorts) string {
			return fmt.Sprintf(stunnelHead+"accept = 127.0.0.1:%s\nconnect = %s\ncert = %s\nkey = %s\nciphersuites = %s\ncurves = X25519\n",
				p.from, p.target(), p.file(p.key+".pem"), p.file(p.key+".key"), tls13Suite)
		}},
		{haproxySide, haproxyCommand, func(p proxyPorts) string {
			return haproxyHead(p) + fmt.Sprintf("listen tls\n\tbind 127.0.0.1:%s ssl crt %s ciphersuites %s curves X25519\n\tserver plain %s\n",
				p.from, p.file("both-"+p.key+".pem"), tls13Suite, p.target())
		}},
		{nginxSide + " in front", nginxCommand, func(p proxyPorts) string {
			return nginxHead(p) + "http {\n" + nginxHTTP(p) + fmt.Sprintf("\tupstream plain { server %s; keepalive 64; }\n", p.target()) +
				"\tserver {\n" + nginxTLS(p) + "\t\tlocation / {\n\t\t\tproxy_pass http://plain;\n\t\t\tproxy_http_version 1.1;\n\t\t\tproxy_set_header Connection \"\";\n\t\t}\n\t}\n}\n"
		}},
		{ghostunnelSide, scriptCommand, func(p proxyPorts) string {
			return ghostunnelHead + fmt.Sprintf("server --quiet=all --listen 127.0.0.1:%s --target %s --cert %s --key %s --disable-authentication\n",
				p.from, p.target(), p.file(p.key+".pem"), p.file(p.key+".key"))
		}},
	}
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
