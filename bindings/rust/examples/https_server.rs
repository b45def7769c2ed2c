//! Answers over TLS: https_server PORT CHAIN-FILE KEY-FILE. Run it under `ssa run`.

use std::io::{BufRead, BufReader, Error, ErrorKind, Result, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.len() != 3 {
        return Err(Error::new(ErrorKind::InvalidInput, "usage: https_server PORT CHAIN-FILE KEY-FILE"));
    }
    let (port, chain, key) = (&args[0], &args[1], &args[2]);
    let port = port.parse().map_err(|e| Error::new(ErrorKind::InvalidInput, format!("port {port}: {e}")))?;
    let listener = ssa::Socket::new()?
        .set(ssa::TLS_CERTIFICATE_CHAIN, chain)?
        .set(ssa::TLS_PRIVATE_KEY, key)?
        .listen(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    println!("listening on port {}", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || answer(stream).unwrap_or_else(|e| eprintln!("https_server: {e}")));
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> Result<()> {
    for line in BufReader::new(stream.try_clone()?).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let page = format!("hello, {}\n", ssa::get(&stream, ssa::TLS_HOSTNAME)?);
    write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len())
}
