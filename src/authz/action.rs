//! The actions that the workflow policy decides about.
//!
//! One list defines the enum, the names in policies and the actions of `policies/workflow.cedarschema`. Which command
//! needs which action is in the definition of the command (`CommandSpec::action`).

macro_rules! groups {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)*) => {
        /// A group of actions. A policy can name it in the place of its members: `action in Action::"jit.read"`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ActionGroup { $($(#[doc = $doc])+ $variant,)* }

        impl ActionGroup {
            /// Every group.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in a policy.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What its actions have in common, in a few words.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)* }
            }
        }
    };
}

groups! {
    /// Request, receive or hold a role.
    Obtain = "jit.obtain";
    /// Decide about a request.
    Decide = "jit.decide";
    /// Revoke, suspend or resume another principal's grant.
    Control = "jit.control";
    /// Review a break-glass grant after its use.
    PostReview = "jit.post_review";
    /// Actions on many grants, on accounts or on the store.
    Administer = "jit.administer";
    /// Read requests, grants, delegations and records.
    Read = "jit.read";
}

macro_rules! actions {
    ($($variant:ident = $name:literal, $phrase:literal, $($group:ident)?, [$($resource:literal),+];)*) => {
        /// An action of the workflow policy.
        ///
        /// ```
        /// use jit_access::authz::{ActionGroup, AuthzAction};
        ///
        /// assert_eq!(AuthzAction::Approve.name(), "jit.approve");
        /// assert_eq!(AuthzAction::Approve.group(), Some(ActionGroup::Decide));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum AuthzAction { $(#[doc = concat!("To ", $phrase, ".")] $variant,)* }

        impl AuthzAction {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in a policy.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The action as part of a sentence: "… may not approve this request".
            #[must_use]
            pub const fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)* }
            }

            /// The group that it belongs to, if any.
            #[must_use]
            pub const fn group(self) -> Option<ActionGroup> {
                match self { $(Self::$variant => group!($($group)?),)* }
            }

            /// The entity types of the resources that it applies to.
            #[must_use]
            pub const fn resources(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($resource),+],)* }
            }
        }
    };
}

macro_rules! group {
    () => {
        None
    };
    ($group:ident) => {
        Some(ActionGroup::$group)
    };
}

actions! {
    Request = "jit.request", "ask for this role", Obtain, ["Entitlement"];
    BreakGlass = "jit.break_glass", "take this role without approval", Obtain, ["Entitlement"];
    Hold = "jit.hold", "hold this role", Obtain, ["Entitlement"];
    Extend = "jit.extend", "extend this grant", , ["Grant"];
    Approve = "jit.approve", "approve this request", Decide, ["Request"];
    Deny = "jit.deny", "deny this request", Decide, ["Request"];
    Ask = "jit.ask", "ask for information about this request", Decide, ["Request"];
    Answer = "jit.answer", "answer for this request", , ["Request"];
    Withdraw = "jit.withdraw", "withdraw this request", , ["Request"];
    Revoke = "jit.revoke", "revoke this grant", Control, ["Grant"];
    RevokeMany = "jit.revoke_many", "revoke many grants at once", Administer, ["Selection"];
    Release = "jit.release", "release this grant", , ["Grant"];
    Suspend = "jit.suspend", "suspend this grant", Control, ["Grant"];
    Resume = "jit.resume", "resume this grant", Control, ["Grant"];
    Review = "jit.review", "review this break-glass grant", PostReview, ["Grant"];
    WaiveReview = "jit.waive_review", "waive the review of this break-glass grant", PostReview, ["Grant"];
    Delegate = "jit.delegate", "delegate these roles", , ["Delegation"];
    Undelegate = "jit.undelegate", "end this delegation", , ["Delegation"];
    ReportStanding = "jit.report_standing", "report the status of this principal", Administer, ["Principal"];
    AcceptStore = "jit.accept_store", "accept a replaced store", Administer, ["Workflow"];
    AcceptClock = "jit.accept_clock", "say that the clock is right", Administer, ["Workflow"];
    HandleAlert = "jit.handle_alert", "acknowledge or silence alerts", Administer, ["Workflow"];
    ManageDeliveries = "jit.manage_deliveries", "send notices again or drop them", Administer, ["Workflow"];
    See = "jit.see", "see this", Read, ["Request", "Grant", "Delegation"];
    SeeAll = "jit.see_all", "see everything", Read, ["Workflow"];
    Audit = "jit.audit", "read the journal", Read, ["Workflow"];
}
