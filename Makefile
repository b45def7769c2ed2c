# `make help` lists the targets.

GO ?= go
FUZZTIME ?= 10s
# tests/ takes minutes on two cores; the rest seconds.
TESTTIME ?= 30m

.PHONY: help build shim generate test unit integration lint bench bench-report demo fuzz ports install-deps install deb try-deb cross clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

build: shim ## build bin/ssa and bin/ssad, static binaries, and bin/libssa-*.so where there is a C compiler
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ssa ./cmd/ssa
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ssad ./cmd/ssad

# Neither headers nor libraries of OpenSSL or GnuTLS: they work with what the program has loaded.
SHIM_CFLAGS := -std=gnu11 -O2 -g0 -fPIC -shared -fvisibility=hidden -ftls-model=initial-exec -Wall -Wextra -Werror
CC ?= cc

# Where the tests have them made.
SHIMDIR ?= bin
# What both have in common.
SHIM_SHARED := $(patsubst %,preload/%.c,libc mode names refused ssa_option suite_list system_trust trap)

shim: $(SHIMDIR)/libssa-openssl.so $(SHIMDIR)/libssa-gnutls.so

$(SHIMDIR)/libssa-openssl.so: SHIM_SOURCES := $(wildcard preload/*.c)
$(SHIMDIR)/libssa-gnutls.so: SHIM_SOURCES := $(wildcard preload/gnutls/*.c) $(SHIM_SHARED)
$(SHIMDIR)/libssa-%.so: $(wildcard preload/*.[ch] preload/gnutls/*.[ch]) include/ssa.h
	@mkdir -p $(SHIMDIR)
	@if command -v $(CC) >/dev/null; then echo "$(CC) ... -o $@"; $(CC) $(SHIM_CFLAGS) -o $@.new $(SHIM_SOURCES) -ldl -lpthread && mv $@.new $@; \
	else echo "no C compiler: $@ is not built, and ssa run --coerce will say so"; fi

generate: ## write include/ssa.h and the constants of the bindings from abi
	$(GO) run ./abi/gen

test: install-deps build lint cross unit integration ## everything that must pass

unit: ## tests of the packages, with the race detector; those that count memory without it
	$(GO) test -race -timeout $(TESTTIME) $$($(GO) list ./... | grep -v /tests$$)
	$(GO) test -timeout $(TESTTIME) -run '^Test(SteadyState|IdleMemory)$$' ./internal/engine ./internal/relay

integration: build ## real programs against independent peers; then once more with a race-checked supervisor
	$(GO) test -race -timeout $(TESTTIME) ./tests
	SSA_TEST_RACE=1 $(GO) test -race -timeout $(TESTTIME) -run '^Test(Client|Server|MustFail|Option)' ./tests
	scripts/demo

lint: ## gofmt, go vet, staticcheck, golangci-lint
	scripts/lint

bench: install-deps build ## measure beside OpenSSL, GnuTLS, Go and proxies; ten minutes; the report goes to bench/results/latest
	@mkdir -p bin/bench
	$(GO) build -o bin/bench/bench ./bench
	bin/bench/bench

bench-report: ## make the last run of bench, on a quiet machine, the one in bench/report
	$(GO) run ./bench render bench/results/latest
	rm -rf bench/report
	cp -rL bench/results/latest bench/report

demo: install-deps build ## the C client and server with each other, curl and openssl
	scripts/demo

ports: install-deps build ## take wget, lighttpd, netcat and Caddy to TLS sockets, and try them; minutes
	ports/run

fuzz: ## every fuzz target for FUZZTIME each
	scripts/fuzz $(FUZZTIME)

install-deps: ## install what tests and demo need, or say what is missing
	@scripts/install-deps

# Where install puts things; packages set DESTDIR.
PREFIX ?= /usr/local
# systemd, sysusers and tmpfiles look below /usr/lib, and below /usr/local/lib for units.
UNITDIR ?= $(PREFIX)/lib/systemd/system
INSTALL := install -D -m

install: build ## put everything below $(DESTDIR)$(PREFIX), and the policy's directories in $(DESTDIR)/etc/ssa
	$(INSTALL) 0755 bin/ssa $(DESTDIR)$(PREFIX)/bin/ssa
	$(INSTALL) 0755 bin/ssad $(DESTDIR)$(PREFIX)/sbin/ssad
	for shim in bin/libssa-*.so; do if [ -e $$shim ]; then $(INSTALL) 0644 $$shim $(DESTDIR)$(PREFIX)/lib/ssa/$${shim##*/} || exit; fi; done
	$(INSTALL) 0644 include/ssa.h $(DESTDIR)$(PREFIX)/include/ssa.h
	$(INSTALL) 0644 dist/ssa.pc $(DESTDIR)$(PREFIX)/share/pkgconfig/ssa.pc
	sed -i 's|^prefix=.*|prefix=$(PREFIX)|' $(DESTDIR)$(PREFIX)/share/pkgconfig/ssa.pc
	$(INSTALL) 0644 dist/ssad.socket $(DESTDIR)$(UNITDIR)/ssad.socket
	$(INSTALL) 0644 dist/ssad.service $(DESTDIR)$(UNITDIR)/ssad.service
	sed -i 's|/usr/sbin/ssad|$(PREFIX)/sbin/ssad|' $(DESTDIR)$(UNITDIR)/ssad.service
	$(INSTALL) 0644 dist/ssad.sysusers $(DESTDIR)/usr/lib/sysusers.d/ssad.conf
	$(INSTALL) 0644 dist/ssad.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/ssad.conf
	$(INSTALL) 0644 dist/policy.toml $(DESTDIR)$(PREFIX)/share/doc/ssa/policy.toml
	for page in man/*.[1-9]; do $(INSTALL) 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit; done
	install -d -m 0755 $(foreach dir,bash-completion/completions zsh/site-functions fish/vendor_completions.d,$(DESTDIR)$(PREFIX)/share/$(dir))
	GOARCH= $(GO) run ./cmd/ssa completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ssa
	GOARCH= $(GO) run ./cmd/ssa completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ssa
	GOARCH= $(GO) run ./cmd/ssa completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ssa.fish
	install -d -m 0755 $(DESTDIR)/etc/ssa $(DESTDIR)/etc/ssa/policy.d $(DESTDIR)/usr/lib/ssa/policy.d
	@test -n "$(DESTDIR)" || echo "now: systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload && systemctl enable --now ssad.socket ssad.service"

deb: ## build a Debian package in bin/
	dist/deb/build

try-deb: ## install, upgrade, purge the package on a Debian that systemd has booted in a container; takes minutes and a mirror
	dist/deb/try

cross: ## build for both architectures
	CGO_ENABLED=0 GOARCH=amd64 $(GO) build -o /dev/null ./cmd/ssa
	CGO_ENABLED=0 GOARCH=amd64 $(GO) build -o /dev/null ./cmd/ssad
	CGO_ENABLED=0 GOARCH=arm64 $(GO) build -o /dev/null ./cmd/ssa
	CGO_ENABLED=0 GOARCH=arm64 $(GO) build -o /dev/null ./cmd/ssad

clean: ## remove what was built
	rm -rf bin bench/results
