//! What becomes of a message when its receiver is in trouble.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use jit_access::model::Recipient;
use jit_access::notify::SendError;
use serde_json::Value;

use crate::notices::{PATIENCE, SECRET, ann, email, mail, plain, send, webhook};
use crate::receiver::{Receiver, is_here};

/// One attempt at a webhook that behaves so.
fn attempt(arguments: &[&str], timeout: Duration) -> (Result<(), SendError>, Receiver) {
    let server = Receiver::start(&[&["http"], arguments].concat());
    let channel = webhook(server.url("/secret-path"), timeout, true, &[SECRET]);
    let result = send(&channel, &[plain()], &Recipient::default(), None).map(drop);
    (result, server)
}

fn later(result: Result<(), SendError>) -> (Option<Duration>, String) {
    match result {
        Err(SendError::Later { after, why }) => {
            assert!(!why.contains("secret-path"), "the address is a secret: {why}");
            (after, why)
        }
        other => panic!("expected another attempt, got {other:?}"),
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    if !is_here() {
        return;
    }
    for (behaviour, said) in [
        ("500", "answers 500"),
        ("429", "answers 429"),
        ("404", "answers 404"),
        ("close", "cannot be reached"),
        ("garbage", "does not speak HTTP"),
    ] {
        let (result, _server) = attempt(&["--behaviour", behaviour], PATIENCE);
        let (after, why) = later(result);
        assert!(why.contains(said) && after.is_none(), "{behaviour}: {why}");
    }
    assert!(matches!(attempt(&["--behaviour", "410"], PATIENCE).0, Err(SendError::Refused(_))));
    attempt(&["--behaviour", "slow"], PATIENCE).0.unwrap();
    attempt(&["--behaviour", "endless"], PATIENCE).0.unwrap();
}

#[test]
fn the_wish_of_the_receiver_is_told() {
    if !is_here() {
        return;
    }
    let (after, _) = later(attempt(&["--behaviour", "503", "--retry-after", "120"], PATIENCE).0);
    assert_eq!(after, Some(Duration::from_secs(120)));
    let date = "Fri, 31 Dec 2100 23:59:59 GMT";
    let (after, _) = later(attempt(&["--behaviour", "429", "--retry-after", date], PATIENCE).0);
    assert!(after.unwrap() > Duration::from_secs(365 * 24 * 3_600), "{after:?}");
}

#[test]
fn an_attempt_ends_in_time_whatever_the_receiver_does() {
    if !is_here() {
        return;
    }
    for behaviour in ["hang", "drip"] {
        let started = Instant::now();
        let (_, why) = later(attempt(&["--behaviour", behaviour], Duration::from_secs(1)).0);
        assert!(why.contains("does not answer in time"), "{behaviour}: {why}");
        assert!(started.elapsed() < Duration::from_secs(20), "{behaviour}");
    }
}

#[test]
fn a_receiver_that_is_killed_under_way_is_tried_again() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["http", "--behaviour", "hang"]);
    let channel = webhook(server.url("/secret-path"), PATIENCE, true, &[SECRET]);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        drop(server);
    });
    let started = Instant::now();
    let (_, why) = later(send(&channel, &[plain()], &Recipient::default(), None).map(drop));
    assert!(why.contains("cannot be reached") || why.contains("does not speak HTTP"), "{why}");
    assert!(started.elapsed() < PATIENCE, "it is not waited for");
    killer.join().unwrap();
}

#[test]
fn no_redirect_is_followed() {
    if !is_here() {
        return;
    }
    let elsewhere = Receiver::start(&["http"]);
    let target = elsewhere.url("/");
    let (_, why) = later(attempt(&["--behaviour", "redirect", "--location", &target], PATIENCE).0);
    assert!(why.contains("a redirect; none is followed"), "{why}");
    assert_eq!(elsewhere.rest(), Vec::<Value>::new());
}

/// Each name and form of this host; nothing is connected to.
#[test]
fn what_is_inside_is_not_connected_to_unless_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ] {
        let channel = webhook(format!("http://{host}:{port}/"), Duration::from_secs(5), false, &[SECRET]);
        let error = send(&channel, &[plain()], &Recipient::default(), None).unwrap_err().to_string();
        assert!(
            error.contains("allow_private")
                || error.contains("not found")
                || error.contains("not valid")
                || error.contains("reached"),
            "{host}: {error}"
        );
        assert!(listener.accept().is_err(), "{host} was connected to");
    }
    let channel =
        webhook("http://169.254.169.254/latest/meta-data".to_owned(), Duration::from_secs(5), false, &[SECRET]);
    let error = send(&channel, &[plain()], &Recipient::default(), None).unwrap_err().to_string();
    assert!(error.contains("169.254.169.254 is a link-local address"), "{error}");
}

#[test]
fn a_mail_server_in_trouble_is_tried_again_and_a_refusal_is_final() {
    if !is_here() {
        return;
    }
    for (answer, is_final) in
        [("451 try later", false), ("421 closing", false), ("552 too large", true), ("554 no", true)]
    {
        let server = Receiver::start(&["smtp", "--answer", answer]);
        let error = send(&email(&mail(server.port)), &[plain()], &ann(), None).unwrap_err();
        assert_eq!(matches!(error, SendError::Refused(_)), is_final, "{answer}: {error:?}");
        assert!(error.to_string().contains(&answer[..3]), "{error}");
    }
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = send(&email(&mail(gone)), &[plain()], &ann(), None).unwrap_err();
    assert!(matches!(error, SendError::Later { .. }) && error.to_string().contains("cannot be reached"), "{error}");
}
