//! One POST over HTTP: bounded in time and size, to addresses outside, without redirects.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Error};

use super::guard::Guard;
use super::retry::retry_after;
use crate::notify::SendError;

/// The response of a server.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// No more of an answer is read.
const LONGEST_ANSWER: u64 = 64 * 1024;

#[derive(Debug)]
pub(super) struct Client(Agent);

impl Client {
    /// A client with this time limit for a whole attempt.
    pub(super) fn new(timeout: Duration, allow_private: bool) -> Self {
        Self::over(timeout, Guard::new(allow_private))
    }

    fn over(timeout: Duration, guard: Guard<impl Resolver>) -> Self {
        let certificates = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> = certificates.iter().map(|found| Certificate::from_der(found).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            // Each message opens its own connection: one that was killed meanwhile would cost an attempt.
            .max_idle_connections(0)
            .user_agent(concat!("jit-access/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(Agent::with_parts(config, DefaultConnector::new(), guard))
    }

    /// Sends the body; `headers` are names and values.
    pub(super) fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, SendError> {
        let request = headers.iter().fold(self.0.post(url), |request, (name, value)| request.header(*name, *value));
        let mut response = request.send(body).map_err(|error| error_of(&error))?;
        let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|header| retry_after(header, now()));
        let status = response.status().as_u16();
        // The status is known, whatever the rest of the body contains.
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec().unwrap_or_default();
        Ok(Answer { status, retry_after, body })
    }
}

impl Answer {
    /// What an answer other than 2xx means.
    pub(super) fn error(&self, what: &str) -> SendError {
        let status = self.status;
        match status {
            300..=399 => later(self.retry_after, format!("{what} answers {status}, a redirect; none is followed")),
            410 => SendError::Refused(format!("{what} answers 410: it is gone")),
            _ => later(self.retry_after, format!("{what} answers {status}")),
        }
    }

    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// A message that may be tried again.
pub(super) fn later(after: Option<Duration>, why: impl Into<String>) -> SendError {
    SendError::Later { after, why: why.into() }
}

/// In our own words: the address may be a secret, and the library's text may repeat it.
fn error_of(error: &Error) -> SendError {
    let why = match error {
        Error::Io(error) if error.kind() == ErrorKind::PermissionDenied => error.to_string(),
        Error::Io(error) => format!("cannot be reached: {}", error.kind()),
        Error::Timeout(_) => "does not answer in time".to_owned(),
        Error::HostNotFound => "the host is not found".to_owned(),
        Error::Tls(_) | Error::Rustls(_) => format!("the connection cannot be secured: {}", tls(error)),
        Error::ConnectionFailed => "cannot be reached".to_owned(),
        Error::BadUri(_) | Error::Http(_) => {
            return SendError::Refused("the address or a header is not valid".to_owned());
        }
        Error::Protocol(_) | Error::LargeResponseHeader(..) => "does not speak HTTP".to_owned(),
        _ => "the message could not be sent".to_owned(),
    };
    later(None, why)
}

fn tls(error: &Error) -> String {
    match error {
        Error::Rustls(error) => error.to_string(),
        _ => "the name of the host fits no certificate".to_owned(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a date in an answer counts from the wall clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ureq::config::Config;
    use ureq::http::Uri;
    use ureq::unversioned::resolver::ResolvedSocketAddrs;
    use ureq::unversioned::transport::NextTimeout;

    use super::*;

    /// A name that has other addresses at each question.
    #[derive(Debug)]
    struct Rebinding {
        asked: Arc<AtomicUsize>,
        answers: Vec<SocketAddr>,
    }

    impl Resolver for Rebinding {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let at = self.asked.fetch_add(1, Ordering::Relaxed);
            let mut found = self.empty();
            self.answers.get(at).into_iter().for_each(|address| found.push(*address));
            Ok(found)
        }
    }

    /// A server that answers every request, and one that must not be connected to.
    #[test]
    fn the_address_that_was_judged_is_the_one_that_is_connected_to() {
        let (right, wrong) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        wrong.set_nonblocking(true).unwrap();
        let answers = vec![right.local_addr().unwrap(), wrong.local_addr().unwrap()];
        let served = std::thread::spawn(move || {
            let (mut taken, _) = right.accept().unwrap();
            let mut request = [0; 4_096];
            let _ = taken.read(&mut request).unwrap();
            taken.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
        });
        let asked = Arc::new(AtomicUsize::new(0));
        let names = Rebinding { asked: Arc::clone(&asked), answers: answers.clone() };
        let client = Client::over(Duration::from_secs(20), Guard::over(names, true));
        assert_eq!(client.post("http://rebinds.example.com/", &[], b"{}").unwrap().status, 204);
        served.join().unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1, "a second question could have another answer");
        assert!(wrong.accept().is_err());

        // Now the name resolves to an inside address, which is refused each time.
        let names = Rebinding { asked, answers: vec![answers[1]; 9] };
        let client = Client::over(Duration::from_secs(20), Guard::over(names, false));
        for _ in 0..2 {
            let error = client.post("http://rebinds.example.com/", &[], b"{}").unwrap_err();
            assert!(error.to_string().contains("127.0.0.1 is a loopback address"), "{error}");
        }
        assert!(wrong.accept().is_err());
    }
}
