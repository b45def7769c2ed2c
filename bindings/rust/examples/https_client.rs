//! Fetches a page over TLS: https_client HOST PORT [CA-FILE]. Run it under `ssa run`.

use std::io::{copy, stdout, Error, ErrorKind, Result, Write};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.len() < 2 || args.len() > 3 {
        return Err(Error::new(ErrorKind::InvalidInput, "usage: https_client HOST PORT [CA-FILE]"));
    }
    let (host, port) = (&args[0], &args[1]);
    let port = port.parse().map_err(|e| Error::new(ErrorKind::InvalidInput, format!("port {port}: {e}")))?;
    let mut socket = ssa::Socket::new()?;
    if let Some(ca) = args.get(2) {
        socket = socket.set(ssa::TLS_TRUSTED_PEER_CERTIFICATES, ca)?;
    }
    let mut stream = socket.connect(host, port)?;
    eprintln!("{} from {}", ssa::get(&stream, ssa::TLS_CHOSEN_CIPHER)?, ssa::get(&stream, ssa::TLS_PEER_IDENTITY)?);
    write!(stream, "GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    copy(&mut stream, &mut stdout())?;
    Ok(())
}
