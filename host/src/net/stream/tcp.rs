//! TCP: `HOST:PORT`, with a name, an IPv4 address, or an IPv6 address in brackets.

use tokio::net::{TcpListener, TcpStream};

use super::{Accept, Carrier, Listener, Pending, Stream};

/// TCP connections.
pub(super) struct Tcp;

impl Carrier for Tcp {
    fn takes(&self, _: &str) -> bool {
        true
    }

    fn check(&self, address: &str) -> Result<(), String> {
        let valid = address.rsplit_once(':').is_some_and(|(host, port)| {
            // An IPv6 address without brackets would lose its last part to the port.
            let whole = !host.contains(':') || (host.starts_with('[') && host.ends_with(']'));
            let port = port.parse::<u16>().is_ok_and(|port| port > 0);
            !host.is_empty() && !host.contains(char::is_whitespace) && whole && port
        });
        let how =
            "write it as HOST:PORT with a port of 1 to 65535, for example 192.168.1.10:7601 or [::1]:7601";
        if valid { Ok(()) } else { Err(how.into()) }
    }

    fn connect<'a>(&'a self, address: &'a str) -> Pending<'a, Stream> {
        Box::pin(async move { Ok(halves(TcpStream::connect(address).await?)) })
    }

    fn bind<'a>(&'a self, address: &'a str) -> Pending<'a, Listener> {
        Box::pin(async move {
            let listener = TcpListener::bind(address).await?;
            Ok(Listener::new(listener.local_addr()?.to_string(), listener))
        })
    }
}

impl Accept for TcpListener {
    fn accept(&self) -> Pending<'_, (Stream, String)> {
        Box::pin(async move {
            let (stream, from) = TcpListener::accept(self).await?;
            Ok((halves(stream), from.to_string()))
        })
    }
}

fn halves(stream: TcpStream) -> Stream {
    // Messages are written whole: waiting for more to send would only add latency to every round trip. Only a connection
    // that is gone refuses this, and its session will find out.
    drop(stream.set_nodelay(true));
    let (reader, writer) = stream.into_split();
    (Box::new(reader), Box::new(writer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for good in ["127.0.0.1:7601", "dealer.example.org:1", "[::1]:7602", "localhost:65535"] {
            assert_eq!(Tcp.check(good), Ok(()));
        }
        for bad in ["", "dealer", "dealer:", ":7602", "a:0", "a:65536", "::1", "::1:7602", "a b:1", "a:b"] {
            assert!(Tcp.check(bad).is_err(), "{bad}");
        }
    }
}
