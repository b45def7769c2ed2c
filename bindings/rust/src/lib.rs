//! TLS sockets of the Secure Socket API: sockets of protocol `IPPROTO_TLS`, on which the operating system's service does
//! TLS. What comes out is a `std::net::TcpStream` or `TcpListener` whose bytes are plaintext. The program runs under
//! `ssa run`.
//!
//! ```no_run
//! use std::io::Write;
//! let mut stream = ssa::Socket::new()?.connect("www.example.org", 443)?;
//! stream.write_all(b"hello")?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod constants;
pub use constants::*;

use std::io::{Error, ErrorKind, Result};
use std::mem::size_of;
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::os::unix::io::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, c_void, sockaddr, socklen_t};

/// A TLS socket that is neither connected nor listening.
pub struct Socket(OwnedFd);

impl Socket {
    /// Makes a socket. Outside of `ssa run` the error is EPROTONOSUPPORT.
    pub fn new() -> Result<Socket> {
        Socket::of(libc::AF_INET)
    }

    fn of(family: c_int) -> Result<Socket> {
        // SAFETY: socket(2) takes numbers; what it returns is a new descriptor that nobody else owns.
        unsafe {
            let fd = check(libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, IPPROTO_TLS))?;
            Ok(Socket(OwnedFd::from_raw_fd(fd)))
        }
    }

    /// Sets an option that takes a string: `TLS_TRUSTED_PEER_CERTIFICATES`, `TLS_ALPN`, ...
    pub fn set(self, option: c_int, value: &str) -> Result<Socket> {
        set(&self.0, IPPROTO_TLS, option, value.as_bytes())?;
        Ok(self)
    }

    /// Sets an option that takes a number: `TLS_VERSION_MIN`, ...
    pub fn set_int(self, option: c_int, value: c_int) -> Result<Socket> {
        set(&self.0, IPPROTO_TLS, option, &value.to_ne_bytes())?;
        Ok(self)
    }

    /// Connects to a host by its name, which the service looks up and the server must prove.
    pub fn connect(self, host: &str, port: u16) -> Result<TcpStream> {
        if host.len() >= SSA_HOSTNAME_MAX as usize || host.contains('\0') {
            return Err(Error::new(ErrorKind::InvalidInput, format!("{host:?} is not the name of a host")));
        }
        let mut address = (AF_HOSTNAME as u16).to_ne_bytes().to_vec();
        address.extend(port.to_be_bytes());
        address.extend(host.as_bytes());
        address.push(0);
        self.connect_to(&address)
    }

    fn connect_to(self, address: &[u8]) -> Result<TcpStream> {
        // SAFETY: the address is borrowed for the call and as long as it says.
        let done = unsafe { libc::connect(self.0.as_raw_fd(), address.as_ptr() as *const sockaddr, address.len() as socklen_t) };
        check(done).map_err(|e| explain(&self.0, e))?;
        Ok(TcpStream::from(self.0))
    }

    /// Listens at an address of IPv4; the chain and the key were set before, or are the policy's.
    pub fn listen(self, address: SocketAddrV4) -> Result<TcpListener> {
        set(&self.0, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1i32.to_ne_bytes())?;
        let name = libc::sockaddr_in {
            sin_family: libc::AF_INET as u16,
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
            sin_zero: [0; 8],
        };
        let fd = self.0.as_raw_fd();
        // SAFETY: the address is borrowed for the call and as long as it says.
        check(unsafe { libc::bind(fd, &name as *const _ as *const sockaddr, size_of::<libc::sockaddr_in>() as socklen_t) })?;
        // SAFETY: listen(2) takes numbers.
        check(unsafe { libc::listen(fd, libc::SOMAXCONN) }).map_err(|e| explain(&self.0, e))?;
        Ok(TcpListener::from(self.0))
    }
}

/// Reads an option that is a string from a connection or listener: `TLS_CHOSEN_CIPHER`, `TLS_PEER_IDENTITY`, ...
pub fn get(socket: &impl AsFd, option: c_int) -> Result<String> {
    let mut value = vec![0u8; 256 << 10];
    let n = get_bytes(socket, option, &mut value)?;
    value.truncate(n);
    Ok(String::from_utf8_lossy(&value).trim_end_matches('\0').to_string())
}

/// Reads an option that is a number: `TLS_CHOSEN_VERSION`, `TLS_RESUMED_SESSION`, ...
pub fn get_int(socket: &impl AsFd, option: c_int) -> Result<c_int> {
    let mut value = [0u8; size_of::<c_int>()];
    get_bytes(socket, option, &mut value)?;
    Ok(c_int::from_ne_bytes(value))
}

fn get_bytes(socket: &impl AsFd, option: c_int, value: &mut [u8]) -> Result<usize> {
    let mut n = value.len() as socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the buffer is borrowed for the call and as long as n says.
    check(unsafe { libc::getsockopt(fd, IPPROTO_TLS, option, value.as_mut_ptr() as *mut c_void, &mut n) })?;
    Ok(value.len().min(n as usize))
}

fn set(socket: &impl AsFd, level: c_int, option: c_int, value: &[u8]) -> Result<()> {
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the value is borrowed for the call and as long as it says.
    let done = unsafe { libc::setsockopt(fd, level, option, value.as_ptr() as *const c_void, value.len() as socklen_t) };
    check(done).map(|_| ()).map_err(|e| explain(socket, e))
}

fn check(result: c_int) -> Result<c_int> {
    if result < 0 {
        return Err(Error::last_os_error());
    }
    Ok(result)
}

/// A call on a TLS socket that did not work.
#[derive(Debug)]
pub struct Failure {
    /// The error of the call; `raw_os_error` has the errno.
    pub os: Error,
    /// The text of TLS_ERROR.
    pub reason: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.os, self.reason)
    }
}

impl std::error::Error for Failure {}

fn explain(socket: &impl AsFd, os: Error) -> Error {
    match get(socket, TLS_ERROR) {
        Ok(reason) if !reason.is_empty() => Error::new(os.kind(), Failure { os, reason }),
        _ => os,
    }
}
