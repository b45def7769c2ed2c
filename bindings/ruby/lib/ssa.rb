require "socket"
require_relative "ssa/constants"

# TLS sockets of the Secure Socket API. They are sockets of protocol SSA::IPPROTO_TLS and need no type of their own.
module SSA
  # The address of a peer by name, for Socket#connect: the service looks the name up and verifies that the peer has it.
  def self.sockaddr_host(name, port)
    raise ArgumentError, "the name has #{name.bytesize} bytes, at most #{SSA_HOSTNAME_MAX - 1} fit" if name.bytesize >= SSA_HOSTNAME_MAX

    [AF_HOSTNAME, port, name].pack("SnZ*")
  end

  # The text of the last failure on a socket.
  def self.last_error(socket)
    socket.getsockopt(IPPROTO_TLS, TLS_ERROR).data.unpack1("Z*")
  end
end
