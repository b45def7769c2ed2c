# Answers over TLS: https_server.rb PORT CHAIN-FILE KEY-FILE. Run it under `ssa run`, with -Ibindings/ruby/lib.
require "ssa"

abort "usage: https_server.rb PORT CHAIN-FILE KEY-FILE" unless ARGV.size == 3
port, chain, key = ARGV

l = Socket.new(:INET, :STREAM, SSA::IPPROTO_TLS)
begin
  l.setsockopt(SSA::IPPROTO_TLS, SSA::TLS_CERTIFICATE_CHAIN, chain)
  l.setsockopt(SSA::IPPROTO_TLS, SSA::TLS_PRIVATE_KEY, key)
  l.setsockopt(:SOCKET, :REUSEADDR, true)
  l.bind(Addrinfo.tcp("127.0.0.1", port))
  l.listen(Socket::SOMAXCONN)
rescue SystemCallError => e
  abort "#{e.message}: #{SSA.last_error(l)}"
end
$stdout.sync = true
puts "listening on port #{l.local_address.ip_port}"

loop do
  c, = l.accept
  Thread.new(c) do |s|
    nil while s.gets&.chomp&.then { |line| !line.empty? }
    page = "hello, #{s.getsockopt(SSA::IPPROTO_TLS, SSA::TLS_HOSTNAME).data.unpack1('Z*')}\n"
    s.write "HTTP/1.0 200 OK\r\nContent-Length: #{page.bytesize}\r\n\r\n#{page}"
  ensure
    s.close
  end
end
