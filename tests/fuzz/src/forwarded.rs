//! `X-Forwarded-For`: the client found is the one that a simple reading of the rule finds.

use std::net::{IpAddr, SocketAddr};

use collector::enrich::address::ClientAddress;
use ipnet::IpNet;

/// Entries that are read, from the right.
const ENTRIES_MAX: usize = 32;
const PEERS: [&str; 8] =
    ["10.0.0.1", "::ffff:10.0.0.2", "fd00::1", "127.0.0.1", "::1", "203.0.113.9", "2001:db8::9", "::ffff:203.0.113.7"];
const PROXIES: [&str; 5] = ["10.0.0.0/8", "fd00::/8", "127.0.0.1/32", "::/0", "0.0.0.0/1"];

/// A byte that chooses the peer, one that chooses who is trusted, and the headers' values, each in a line.
pub fn forwarded(input: &[u8]) {
    let [peer, proxies, headers @ ..] = input else { return };
    let Ok(headers) = std::str::from_utf8(headers) else { return };
    let Some(peer) = PEERS.get(usize::from(peer % 8)).and_then(|peer| peer.parse::<IpAddr>().ok()) else { return };
    let chosen = PROXIES.iter().enumerate().filter(|(place, _)| proxies >> place & 1 == 1);
    let trusted: Vec<IpNet> = chosen.filter_map(|(_, network)| network.parse().ok()).collect();
    let headers: Vec<&str> = headers.lines().collect();

    let found = ClientAddress::find(peer, headers.iter().copied(), &trusted);
    let expected = client(peer, &headers, &trusted);
    assert!(found == alone(expected), "the client is {expected}");
    let (network, length) = found.network();
    assert_eq!(length, if expected.is_ipv4() { 3 } else { 6 });
    assert!(network[length..].iter().all(|byte| *byte == 0));
    // Whoever is not behind a proxy that is trusted is who they are.
    assert!(found == alone(peer) || is_trusted(peer.to_canonical(), &trusted));
}

fn alone(address: IpAddr) -> ClientAddress {
    ClientAddress::find(address, [].into_iter(), &[])
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// The chain of addresses from the peer outwards, as far as it can be read; of it the first that is not trusted, or else the last.
fn client(peer: IpAddr, headers: &[&str], trusted: &[IpNet]) -> IpAddr {
    let all = headers.join(",");
    let entries: Vec<&str> = if headers.is_empty() { Vec::new() } else { all.split(',').collect() };
    let near = &entries[entries.len().saturating_sub(ENTRIES_MAX)..];
    let mut chain = vec![peer.to_canonical()];
    chain.extend(near.iter().rev().map_while(|entry| address(entry.trim())));
    let last = chain[chain.len() - 1];
    chain.into_iter().find(|address| !is_trusted(*address, trusted)).unwrap_or(last)
}

fn address(entry: &str) -> Option<IpAddr> {
    let inner = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let with_port = || entry.parse::<SocketAddr>().map(|socket| socket.ip());
    inner.unwrap_or(entry).parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}
