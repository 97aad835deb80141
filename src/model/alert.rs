//! Alerts of the monitor.

use super::{AlertId, GrantId, Justification, Principal, Timestamp};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal, $class:ident;)+) => {
        /// The kind of an alert.
        ///
        /// ```
        /// use jit_access::model::{AlertClass, AlertKind};
        ///
        /// assert_eq!(AlertKind::Burst.name(), "burst");
        /// assert_eq!(AlertKind::NeverUsed.class(), AlertClass::Routine);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum AlertKind { $($(#[doc = $doc])+ $kind,)+ }

        impl AlertKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name on the wire, in the journal and in the configuration.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// The name as people read it: `first destructive`.
            #[must_use]
            pub fn words(self) -> String {
                self.name().replace('_', " ")
            }

            /// Whether it is about a grant in force, so that there is something to suspend.
            #[must_use]
            pub const fn is_of_a_grant(self) -> bool {
                matches!(
                    self,
                    Self::Burst
                        | Self::FirstDestructive
                        | Self::OutsideHours
                        | Self::OutsideTicket
                        | Self::NewNetwork
                        | Self::NewClient
                        | Self::NewToken
                        | Self::AgentLoop
                        | Self::Probing
                        | Self::BreakGlassAgain
                        | Self::DrillInProduction
                )
            }

            /// The class.
            #[must_use]
            pub const fn class(self) -> AlertClass {
                match self { $(Self::$kind => AlertClass::$class,)+ }
            }
        }
    };
}

kinds! {
    /// A grant was used for the first time.
    FirstUse = "first_use", Routine;
    /// A grant was used again after a long pause.
    UseAfterPause = "use_after_pause", Routine;
    /// A grant has ended and was never used.
    NeverUsed = "never_used", Routine;
    /// Far more uses than this person or this role usually has.
    Burst = "burst", Unusual;
    /// The first use of a destructive or administrative permission by this person.
    FirstDestructive = "first_destructive", Unusual;
    /// A use outside of the stated working hours.
    OutsideHours = "outside_hours", Unusual;
    /// A use on something that the request does not name, although it names others of that kind.
    OutsideTicket = "outside_ticket", Unusual;
    /// A use from a network that is new for this person.
    NewNetwork = "new_network", Unusual;
    /// A use by a program that is new for this person.
    NewClient = "new_client", Unusual;
    /// A use with a token that is new for this person, whose tokens hardly ever change.
    NewToken = "new_token", Unusual;
    /// An agent makes the same call again and again.
    AgentLoop = "agent_loop", Unusual;
    /// Many refused commands of one caller in a short time, or many refused calls under a live grant.
    Probing = "probing", Unusual;
    /// A requester tried to review their own request.
    SelfApproval = "self_approval", Unusual;
    /// An approver approves everything within seconds.
    QuickApprover = "quick_approver", Unusual;
    /// A requester gets every approval from the same approver, although others approve too.
    SamePair = "same_pair", Unusual;
    /// An approver answers far more requests than usual.
    ApproverFatigue = "approver_fatigue", Unusual;
    /// Break-glass access was taken again within a short time.
    BreakGlassAgain = "break_glass_again", Unusual;
    /// The review of break-glass access is overdue.
    ReviewOverdue = "review_overdue", Unusual;
    /// A break-glass drill touched production.
    DrillInProduction = "drill_in_production", Unusual;
    /// The time is uncertain, and grants are not honoured.
    ClockDoubted = "clock_doubted", Trouble;
    /// The index and Cedar answered one check differently.
    EnginesDiffer = "engines_differ", Trouble;
    /// A process's state of the grants was too old, so none was honoured.
    StaleReplica = "stale_replica", Trouble;
    /// The store answers slowly.
    StoreSlow = "store_slow", Trouble;
    /// Messages of a channel fail.
    DeliveryFailing = "delivery_failing", Trouble;
    /// The journal does not verify.
    JournalBroken = "journal_broken", Trouble;
}

impl std::fmt::Display for AlertKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The class of an alert. Complete on purpose.
///
/// ```
/// use jit_access::model::AlertClass;
///
/// assert_eq!(AlertClass::ALL.map(AlertClass::name), ["routine", "unusual", "trouble"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertClass {
    /// Good to know; nothing is wrong.
    Routine,
    /// A person should look.
    Unusual,
    /// Something does not work.
    Trouble,
}

impl AlertClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Routine, Self::Unusual, Self::Trouble];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Routine => "routine",
            Self::Unusual => "unusual",
            Self::Trouble => "trouble",
        }
    }
}

/// One finding, as it was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The id. The same finding has the same id in every process, so it is written once.
    pub id: AlertId,
    /// The kind.
    pub kind: AlertKind,
    /// The grant that it is about, if it is about one.
    pub grant: Option<GrantId>,
    /// The principal that it is about, if any.
    pub who: Option<Principal>,
    /// The instant of the finding.
    pub since: Timestamp,
    /// The finding, with its numbers.
    pub text: Justification,
}
