# Fetches a page over TLS: https_client.rb HOST PORT [CA-FILE]. Run it under `ssa run`, with -Ibindings/ruby/lib.
require "ssa"

abort "usage: https_client.rb HOST PORT [CA-FILE]" unless [2, 3].include?(ARGV.size)
host, port, ca = ARGV

s = Socket.new(:INET, :STREAM, SSA::IPPROTO_TLS)
s.setsockopt(SSA::IPPROTO_TLS, SSA::TLS_TRUSTED_PEER_CERTIFICATES, ca) if ca
begin
  s.connect(SSA.sockaddr_host(host, Integer(port)))
  # Ruby clears what a connect that fails at once has left in SO_ERROR: then the first write meets the end.
  s.write "GET / HTTP/1.0\r\nHost: #{host}\r\n\r\n"
rescue SystemCallError => e
  abort "#{e.message}: #{SSA.last_error(s)}"
end
IO.copy_stream(s, $stdout)
