# Fetches a page over TLS: https_client.pl HOST PORT [CA-FILE]. Run it under `ssa run`, with -Ibindings/perl/lib.
use strict;
use warnings;
use Socket;
use Socket::TLS::Constants qw(IPPROTO_TLS AF_HOSTNAME TLS_TRUSTED_PEER_CERTIFICATES TLS_ERROR);

@ARGV == 2 || @ARGV == 3 or die "usage: https_client.pl HOST PORT [CA-FILE]\n";
my ($host, $port, $ca) = @ARGV;

socket(my $s, AF_INET, SOCK_STREAM, IPPROTO_TLS) or die "socket: $!\n";
if (defined $ca) {
    setsockopt($s, IPPROTO_TLS, TLS_TRUSTED_PEER_CERTIFICATES, $ca) or die "trust $ca: $!\n";
}

# struct sockaddr_host: the service looks the name up, and verifies that the server has it.
unless (connect($s, pack('S n Z*', AF_HOSTNAME, $port, $host))) {
    my $error = $!;
    die "connect to $host: $error: ", unpack('Z*', getsockopt($s, IPPROTO_TLS, TLS_ERROR)), "\n";
}
$s->autoflush(1);
print $s "GET / HTTP/1.0\r\nHost: $host\r\n\r\n";
print while <$s>;
