package testutil

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nginx starts nginx with the certificate and further directives of its server block, such as
// "ssl_protocols TLSv1.2;". It answers every request with a page of "name value" lines on the connection.
//
// nginx cannot say which port the kernel chose, so it inherits a socket that listens already, as it does when
// its binary is replaced (environment variable NGINX).
func Nginx(t testing.TB, c Certificate, directives ...string) *Server {
	t.Helper()
	return nginx(t, c, "ssl", directives)
}

// NginxHTTP2 is Nginx that also speaks HTTP/2 (RFC 9113).
func NginxHTTP2(t testing.TB, c Certificate, directives ...string) *Server {
	t.Helper()
	return nginx(t, c, "ssl http2", directives)
}

func nginx(t testing.TB, c Certificate, parameters string, directives []string) *Server {
	t.Helper()
	l := Listen(t)
	socket, err := l.File()
	if err != nil {
		t.Fatalf("start nginx: %v", err)
	}
	defer func() { _ = socket.Close() }()
	addr := AddrPort(l)
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(nginxConf(addr.String()+" "+parameters, dir, c, directives)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "nginx", "-p", dir, "-e", "stderr", "-c", conf)
	cmd.Env = append(os.Environ(), "NGINX=3;")
	cmd.ExtraFiles = append(cmd.ExtraFiles, socket)
	return &Server{Process: Start(t, cmd), Addr: addr}
}

func nginxConf(listen, dir string, c Certificate, directives []string) string {
	return fmt.Sprintf(`daemon off; worker_processes 1; user root; pid %[2]s/pid; error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off; default_type text/plain; sendfile on;
  client_max_body_size 0; client_body_temp_path %[2]s; proxy_temp_path %[2]s;
  fastcgi_temp_path %[2]s; uwsgi_temp_path %[2]s; scgi_temp_path %[2]s;
  server {
    listen %[1]s; root %[2]s; ssl_certificate %[3]s; ssl_certificate_key %[4]s;
    %[5]s
    location = / {
      return 200 "protocol $ssl_protocol\ncipher $ssl_cipher\nreused $ssl_session_reused\nsni $ssl_server_name\nverify $ssl_client_verify\nclient $ssl_client_s_dn\nalpn $ssl_alpn_protocol\n";
    }
    location = /drop { return 444; }
  }
}
`, listen, dir, c.Chain, c.Key, strings.Join(directives, "\n    "))
}
