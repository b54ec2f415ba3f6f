//! What a party tells another one when it gives up: what that one can act on, and nothing of this machine, of its files, its
//! addresses, its system's words, or of other peers.

use super::SessionError;
use crate::pipe::NetError;
use crate::state::{Limit, StateError};

/// Who finds the rest where.
const LOG: &str = "whoever runs it finds the reason in its log";

impl SessionError {
    /// What `peer`, as it is called in errors, is told. The error itself is for the log.
    ///
    /// Every variant is named here, so that a new one has to be decided about.
    pub(crate) fn for_peer(&self, peer: &'static str) -> String {
        match self {
            SessionError::Net(error) => of_connection(error, peer),
            SessionError::State(error) => of_records(error),
            SessionError::KeyFile(_) => records(),
            SessionError::Unreachable { peer, .. } => format!("it does not reach the {peer}: {LOG}"),
            SessionError::Key(_)
            | SessionError::Kernel(_)
            | SessionError::Client(_)
            | SessionError::InUse
            | SessionError::Interrupted(_) => format!("it cannot go on: {LOG}"),
            SessionError::Plan(_)
            | SessionError::Excess(_)
            | SessionError::OtherPlan
            | SessionError::Frame { .. }
            | SessionError::Reused { .. }
            | SessionError::OtherDealer { .. }
            | SessionError::Greeting
            | SessionError::TooManySessions(_)
            | SessionError::NoDevice { .. }
            | SessionError::NoDelegate(_)
            | SessionError::DelegationTwice(_)
            | SessionError::DelegationFailed(_)
            | SessionError::DelegationRefused(_)
            | SessionError::NotPrepared(_)
            | SessionError::ModelHash
            | SessionError::Hello(_)
            | SessionError::PlanSize { .. }
            | SessionError::ModelShare { .. }
            | SessionError::ModelsInUse(_)
            | SessionError::TooManyOfServer(_)
            | SessionError::OldStore
            | SessionError::Quota { .. } => self.to_string(),
        }
    }
}

fn records() -> String {
    format!("it cannot read or write its own records: {LOG}")
}

fn of_records(error: &StateError) -> String {
    match error {
        StateError::Full { limit: Limit::Bytes(_), .. } => {
            "there is no room for another prepared inference now: use what is prepared, or come back later"
                .into()
        }
        StateError::Full { .. }
        | StateError::Reused { .. }
        | StateError::Jump { .. }
        | StateError::Behind { .. }
        | StateError::Crowded(_)
        | StateError::Older { .. }
        | StateError::Leap { .. }
        | StateError::UsedUp(_)
        | StateError::Exhausted
        | StateError::Exists(_) => error.to_string(),
        StateError::Io { .. }
        | StateError::DamagedLog { .. }
        | StateError::DamagedCount { .. }
        | StateError::Damaged { .. }
        | StateError::Version { .. }
        | StateError::Larger { .. }
        | StateError::OtherStore
        | StateError::NoRandomness => records(),
    }
}

/// A peer hears of its own connection what it did there; of the one to somebody else that it does not work. What that one
/// said passes: it was said to a peer already.
fn of_connection(error: &NetError, told: &'static str) -> String {
    match error {
        NetError::NotAuthorised { .. } | NetError::Later { .. } | NetError::Refused { .. } => {
            error.to_string()
        }
        NetError::Handshake { peer, .. } => format!("it has no secure connection to the {peer}: {LOG}"),
        NetError::TimedOut { peer, .. }
        | NetError::Closed(peer)
        | NetError::Broken { peer, .. }
        | NetError::Record { peer, .. }
        | NetError::Frame { peer, .. }
        | NetError::Unexpected { peer, .. }
        | NetError::Length(peer)
            if *peer != told =>
        {
            format!("its connection to the {peer} ended early: {LOG}")
        }
        NetError::Broken { peer, .. } => format!("the connection to the {peer} failed"),
        NetError::TimedOut { .. }
        | NetError::Closed(_)
        | NetError::Record { .. }
        | NetError::Frame { .. }
        | NetError::Unexpected { .. }
        | NetError::Length(_) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use brelu_core::channel::{HandshakeError, Identity};
    use brelu_core::client::ClientError;

    use super::*;
    use crate::keys::{KeyError, KeyFileError};

    /// An address, a file and words of the system, as they stand in the errors below.
    const INSIDE: [&str; 4] = ["192.0.2.7", "/srv/brelu", "os error", "Operation"];

    fn io() -> Error {
        Error::new(ErrorKind::PermissionDenied, "Operation not permitted (os error 1)")
    }

    fn state(error: StateError) -> SessionError {
        error.into()
    }

    /// One of every kind that knows of this machine.
    fn errors() -> Vec<SessionError> {
        let (path, words) = (|| "/srv/brelu/secret.txt".into(), || io().to_string());
        vec![
            SessionError::Unreachable { peer: "dealer", address: "192.0.2.7:7602".into(), error: words() },
            NetError::Broken { peer: "dealer", error: words() }.into(),
            NetError::Broken { peer: "client", error: words() }.into(),
            state(StateError::Io { doing: "write", path: path(), error: io() }),
            state(StateError::DamagedLog { path: path(), what: "it ends early" }),
            state(StateError::Damaged { path: path(), what: "it ends early" }),
            state(StateError::Version { path: path(), version: 9 }),
            state(StateError::NoRandomness),
            KeyError::NoRandomness.into(),
            KeyFileError::Io { path: path(), error: io() }.into(),
            KeyFileError::Exists(path()).into(),
            KeyFileError::Loose { path: path(), mode: 0o644, group: false }.into(),
            KeyFileError::NotPrivate(path()).into(),
            KeyFileError::NotPublic {
                place: "/srv/brelu/clients.txt line 3".into(),
                error: brelu_core::channel::BadKey,
            }
            .into(),
            KeyFileError::Private(path()).into(),
            SessionError::Client(ClientError::Dealer),
            SessionError::InUse,
        ]
    }

    #[test]
    fn nobody_is_told_of_files_addresses_and_the_system() {
        for error in errors() {
            for peer in ["client", "server", "device"] {
                let told = error.for_peer(peer);
                assert!(!INSIDE.iter().any(|inside| told.contains(inside)), "{error}: {told}");
                assert!(!told.contains("operating system") && told.len() > 10, "{error}: {told}");
            }
        }
        assert!(errors()[0].to_string().contains("192.0.2.7"), "the log has all of it");
    }

    #[test]
    fn a_peer_hears_what_it_did_itself_but_not_what_somebody_else_did() {
        let key = Identity::new([1; 32]).public().id();
        for error in [
            NetError::Length("client"),
            NetError::Closed("client"),
            NetError::TimedOut { peer: "client", seconds: 9 },
        ] {
            assert_eq!(SessionError::from(error.clone()).for_peer("client"), error.to_string());
        }
        for error in [
            NetError::Length("dealer"),
            NetError::Closed("dealer"),
            NetError::TimedOut { peer: "dealer", seconds: 9 },
        ] {
            let told = SessionError::from(error).for_peer("client");
            assert_eq!(told, format!("its connection to the dealer ended early: {LOG}"));
        }
        let handshake = NetError::Handshake { peer: "dealer", error: HandshakeError::NotAuthorised(key) };
        let told = SessionError::from(handshake).for_peer("client");
        assert_eq!(told, format!("it has no secure connection to the dealer: {LOG}"));
    }

    #[test]
    fn what_a_peer_can_act_on_is_said() {
        let key = Identity::new([1; 32]).public().id();
        let stranger = NetError::NotAuthorised { peer: "client", key };
        assert_eq!(SessionError::from(stranger.clone()).for_peer("server"), stranger.to_string());
        let refused = NetError::Refused { peer: "dealer", reason: stranger.to_string() };
        assert_eq!(SessionError::from(refused.clone()).for_peer("client"), refused.to_string());
        let full = |limit| state(StateError::Full { bytes: 7, limit }).for_peer("client");
        assert!(full(Limit::PeerBytes(88)).contains("at most 88 bytes of one client"));
        assert!(!full(Limit::Bytes(88)).contains("88"), "what others keep is not for one of them");
        assert!(state(StateError::Exhausted).for_peer("client").contains("new key"));
    }
}
