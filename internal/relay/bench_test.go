package relay_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
)

const transfer = 4 << 20

func direct(b *testing.B) (program, peer *tls.Conn) {
	b.Helper()
	client, server := connect(b)
	cfg := config(b)
	program, peer = tls.Client(client, cfg), tls.Server(server, cfg)
	go func() { _ = peer.Handshake() }()
	if err := program.Handshake(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = program.Close(); _ = server.Close() })
	return program, peer
}

func pump(b *testing.B, from, to net.Conn) {
	b.Helper()
	b.SetBytes(transfer)
	chunk := make([]byte, 64<<10)
	b.ResetTimer()
	go func() {
		for range b.N * (transfer / len(chunk)) {
			if _, err := from.Write(chunk); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for left := b.N * transfer; left > 0; {
		n, err := to.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		left -= n
	}
}

func BenchmarkDownload(b *testing.B) {
	b.Run("direct", func(b *testing.B) {
		program, peer := direct(b)
		pump(b, peer, program)
	})
	b.Run("relay", func(b *testing.B) {
		r := start(b)
		pump(b, r.peer, r.program)
	})
}

func BenchmarkUpload(b *testing.B) {
	b.Run("direct", func(b *testing.B) {
		program, peer := direct(b)
		pump(b, program, peer)
	})
	b.Run("relay", func(b *testing.B) {
		r := start(b)
		pump(b, r.program, r.peer)
	})
}

func BenchmarkPingPong(b *testing.B) {
	run := func(b *testing.B, program, peer net.Conn) {
		b.Helper()
		go func() { _, _ = io.Copy(peer, peer) }()
		buf := make([]byte, 1)
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			if _, err := program.Write(buf); err != nil {
				b.Fatal(err)
			}
			if _, err := program.Read(buf); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("direct", func(b *testing.B) {
		program, peer := direct(b)
		run(b, program, peer)
	})
	b.Run("relay", func(b *testing.B) {
		r := start(b)
		run(b, r.program, r.peer)
	})
}
