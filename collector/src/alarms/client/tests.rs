use std::net::Ipv4Addr;
use std::sync::Mutex;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// The directory of an authority of the tests' own, and of a certificate for `localhost` and 127.0.0.1 that it has signed; both hold until 2126.
const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/tls");
const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

fn authorities() -> PathBuf {
    Path::new(TLS).join("ca.pem")
}

fn get() -> Message {
    Message { body: None, headers: Vec::new() }
}

/// Answers one request after the other with the same text, over TLS or not; with its port, and what was asked.
async fn server(is_tls: bool, answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    server_at(Ipv4Addr::LOCALHOST, is_tls, answer).await
}

async fn server_at(address: Ipv4Addr, is_tls: bool, answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
    let heard = asked.clone();
    tokio::spawn(async move {
        let acceptor = acceptor();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (heard, acceptor) = (heard.clone(), acceptor.clone());
            tokio::spawn(async move {
                if is_tls {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    serve(&mut stream, answer, &heard).await;
                } else {
                    serve(&mut stream, answer, &heard).await;
                }
            });
        }
    });
    (port, asked)
}

async fn serve<S>(stream: &mut S, answer: &str, heard: &Mutex<Vec<String>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut buffer = vec![0; 64 * 1024];
    let length = stream.read(&mut buffer).await.unwrap_or_default();
    heard.lock().unwrap().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn acceptor() -> TlsAcceptor {
    let certificates = CertificateDer::pem_file_iter(Path::new(TLS).join("localhost.pem")).unwrap();
    let certificates: Vec<_> = certificates.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(Path::new(TLS).join("localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(certificates, key).unwrap()))
}

#[tokio::test]
async fn https_is_believed_by_the_authorities_of_the_file_and_by_no_others() {
    let (port, asked) = server(true, OK).await;
    let target = Target::new(&format!("https://localhost:{port}/hook?a=b")).unwrap();
    let strange = Client::new(Path::new("")).unwrap().send(&target, &get()).await.unwrap_err();
    assert!(strange.contains("UnknownIssuer"), "{strange}");
    let client = Client::new(&authorities()).unwrap();
    assert_eq!(client.send(&target, &get()).await.unwrap().status, 204);
    let head = asked.lock().unwrap()[0].to_ascii_lowercase();
    assert!(head.starts_with("get /hook?a=b http/1.1\r\n") && head.contains("user-agent: slowtax/"), "{head}");
    // The certificate is for another name.
    let (port, _) = server_at(Ipv4Addr::new(127, 0, 0, 2), true, OK).await;
    let other = Target::new(&format!("https://127.0.0.2:{port}/")).unwrap();
    let refused = client.send(&other, &get()).await.unwrap_err();
    assert!(refused.contains("not valid for name"), "{refused}");
}

#[tokio::test]
async fn in_the_clear_only_private_addresses_are_spoken_to() {
    let (port, asked) = server(false, OK).await;
    let client = Client::new(Path::new("")).unwrap();
    let target = Target::new(&format!("http://localhost:{port}/")).unwrap();
    assert_eq!(client.send(&target, &get()).await.unwrap().status, 204);
    assert_eq!(asked.lock().unwrap().len(), 1);
    let found = |addresses: Vec<IpAddr>| addresses.into_iter().map(is_private).collect::<Vec<_>>();
    let addresses = ["127.0.0.1", "10.0.0.1", "fd00::1", "8.8.8.8", "100.64.0.1", "2001:db8::1"];
    let addresses = addresses.map(|address| address.parse().unwrap()).to_vec();
    assert_eq!(found(addresses), [true, true, true, false, false, false]);
    let mut resolver = PrivateResolver(GaiResolver::new());
    assert_eq!(resolver.call("10.1.2.3".parse().unwrap()).await.unwrap().count(), 1);
    let refused = resolver.call("8.8.8.8".parse().unwrap()).await.unwrap_err().to_string();
    assert!(refused.contains("public address"), "{refused}");
}

#[tokio::test]
async fn credentials_of_the_address_go_in_a_header_and_are_never_shown() {
    let (port, asked) = server(false, OK).await;
    let target = Target::new(&format!("http://ann:open%20sesame@127.0.0.1:{port}/prefix/")).unwrap();
    assert!(!format!("{target:?}").contains("sesame"));
    let target = target.below("/api/v2/alerts").unwrap();
    let message =
        Message { body: Some(b"[]".to_vec()), headers: vec![("content-type", "application/json".to_owned())] };
    assert_eq!(Client::new(Path::new("")).unwrap().send(&target, &message).await.unwrap().status, 204);
    let head = asked.lock().unwrap()[0].clone();
    assert!(head.starts_with("POST /prefix/api/v2/alerts HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("authorization: basic ") && !head.contains("sesame"), "{head}");
    assert!(head.contains(&STANDARD.encode("ann:open sesame")), "{head}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_so_is_what_an_answer_says() {
    let (elsewhere, asked) = server(false, OK).await;
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n");
    let (port, _) = server(false, Box::leak(answer.into_boxed_str())).await;
    let client = Client::new(Path::new("")).unwrap();
    let target = |port| Target::new(&format!("http://127.0.0.1:{port}/")).unwrap();
    assert_eq!(client.send(&target(port), &get()).await.unwrap().status, 302);
    assert!(asked.lock().unwrap().is_empty());
    let (port, _) =
        server(false, "HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Length: 11\r\n\r\nslow\x1b[31m\nit").await;
    let answer = client.send(&target(port), &get()).await.unwrap();
    let expected = Answer { status: 429, retry_after: Some(Duration::from_secs(30)), text: "slow [31m i".to_owned() };
    assert_eq!(answer, expected);
}

#[test]
fn a_file_without_authorities_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    let refused = |path: &Path| Client::new(path).unwrap_err().to_string();
    assert!(refused(&path).contains("ca.pem cannot be used: "), "{}", refused(&path));
    let long = vec![b'\n'; usize::try_from(CA_BYTES_MAX).unwrap() + 1];
    std::fs::write(&path, &long[1..]).unwrap();
    assert!(refused(&path).contains("no certificates in PEM"), "{}", refused(&path));
    std::fs::write(&path, &long).unwrap();
    assert!(refused(&path).contains("more than 4194304 bytes"), "{}", refused(&path));
    std::fs::write(&path, "nothing").unwrap();
    assert!(refused(&path).contains("no certificates in PEM"), "{}", refused(&path));
    std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(refused(&path).contains("cannot be used"), "{}", refused(&path));
}

#[test]
fn only_servers_are_targets() {
    for bad in ["", "nonsense", "mailto:ann@example.com", "data:,a", "ftp://a.example/"] {
        assert!(Target::new(bad).is_none(), "{bad}");
    }
}
