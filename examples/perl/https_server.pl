# Answers over TLS: https_server.pl PORT CHAIN-FILE KEY-FILE. Run it under `ssa run`, with -Ibindings/perl/lib.
use strict;
use warnings;
use IO::Handle;
use Socket;
use Socket::TLS::Constants qw(IPPROTO_TLS TLS_CERTIFICATE_CHAIN TLS_PRIVATE_KEY TLS_HOSTNAME TLS_ERROR);

@ARGV == 3 or die "usage: https_server.pl PORT CHAIN-FILE KEY-FILE\n";
my ($port, $chain, $key) = @ARGV;

socket(my $l, AF_INET, SOCK_STREAM, IPPROTO_TLS) or die "socket: $!\n";

sub explain { my ($what, $error) = @_; die "$what: $error: ", unpack('Z*', getsockopt($l, IPPROTO_TLS, TLS_ERROR)), "\n" }

setsockopt($l, IPPROTO_TLS, TLS_CERTIFICATE_CHAIN, $chain) or explain("certificate", $!);
setsockopt($l, IPPROTO_TLS, TLS_PRIVATE_KEY, $key) or explain("key", $!);
setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!\n";
bind($l, pack_sockaddr_in($port, INADDR_LOOPBACK)) or die "bind: $!\n";
listen($l, SOMAXCONN) or explain("listen", $!);
STDOUT->autoflush(1);
print 'listening on port ', (unpack_sockaddr_in(getsockname($l)))[0], "\n";

while (accept(my $c, $l)) {
    while (defined(my $line = <$c>)) { last if $line =~ /^\r?\n$/ }
    my $page = 'hello, ' . unpack('Z*', getsockopt($c, IPPROTO_TLS, TLS_HOSTNAME)) . "\n";
    print $c "HTTP/1.0 200 OK\r\nContent-Length: ", length $page, "\r\n\r\n", $page;
    close $c;
}
