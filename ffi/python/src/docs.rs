//! The documentation of the commands. Generated from `src/command`, by `tests/generated.rs`.

/// The documentation of the command of this name.
#[rustfmt::skip]
macro_rules! words_of {
    ("submit") => {
        "Request a role for a limited time.\n\nThe time counts from `starts_at` or from the approval, whichever is later. A length above a limit is cut,\nand `duration_cut_by` of the answer names the limit. Where a rule approves at once, the answer is approved\nand its grant is in force. When a grant of the caller already gives all of it, nothing is written, and the\nanswer is that grant's request with `already`. Once the call has returned, it is on disk.\n\n- `role`: The role to request.\n- `duration_hours`: The length in hours. Limits may cut it. The default is the role's.\n- `reason`: Why. Approvers see it.\n- `ticket_url`: The ticket that the work is tracked in, as an `https` or `http` address.\n- `resource`: Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The\n  default is `*`.\n- `starts_at`: When the grant begins, with its time zone. The default is at the approval.\n- `conditions`: Conditions checked at every use, besides those of the role.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("extend") => {
        "Request an extension of your grant.\n\nThe same approvers decide, or the rule `auto_extend` does. The extension is a grant of its own. It begins at\nthe instant at which the old one ends, and gives the same or less.\n\n- `grant_id`: The grant to extend.\n- `duration_hours`: The length in hours. Limits may cut it. The default is the role's.\n- `reason`: Why. The default is the reason of the grant.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("break_glass") => {
        "Take a role at once without approval, in an emergency. Somebody else must review it afterwards.\n\nOnce the call has returned, every later check of this process sees the grant. Without a length it lasts as\nlong as the limits allow.\n\n- `role`: The role to take.\n- `duration_hours`: The length in hours. Limits may cut it. The default is the longest that they allow.\n- `reason`: What the emergency is. Always needed.\n- `ticket_url`: The ticket that the work is tracked in, as an `https` or `http` address.\n- `resource`: Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The\n  default is `*`.\n- `drill`: Whether this is an exercise. Everything about it is marked so.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("complete_review") => {
        "Complete the review of a break-glass grant, once the grant has ended.\n\nThe reviewer needs one of the reviewer roles of the grant, and is not its holder.\n\n- `grant_id`: The grant that was reviewed.\n- `justified`: Whether there was an emergency, and the access fitted it.\n- `finding`: What the review found.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("waive_review") => {
        "Waive the review of a break-glass grant. The journal keeps who did so, and why.\n\nNeeds what completing the review needs, and is possible at any time.\n\n- `grant_id`: The grant whose review is waived.\n- `reason`: Why.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("approve") => {
        "Approve a request, wholly or in part.\n\nOnce the call has returned, the grant is on disk, and every later check of this process sees it.\n`permissions`, `resource`, `duration_hours` and `conditions` are the most that this approver gives: the\ngrant is what they and the request have in common, so nothing can be widened.\n\n- `request_id`: The request to approve.\n- `version`: The version that the approver saw. Another version by now is a conflict. The default is the\n  current one.\n- `permissions`: No more permissions than these. The default is all that are requested.\n- `resource`: No more resources than this. The default is all that is requested.\n- `duration_hours`: No longer than this, in hours. The default is the requested length.\n- `conditions`: More conditions, besides those of the request.\n- `comment`: A comment, which the requester sees.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("deny") => {
        "Deny a request.\n\n- `request_id`: The request to deny.\n- `reason`: Why. The requester sees it.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("ask") => {
        "Ask the requester for more information.\n\nThe request waits for an answer. It can still be approved or denied.\n\n- `request_id`: The request.\n- `question`: What the reviewer wants to know.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("answer") => {
        "Answer a reviewer's question about your request.\n\nAnother length or another resource makes a new version of the request. Reviews of the old version do not\ncount for it.\n\n- `request_id`: The request.\n- `answer`: The answer.\n- `duration_hours`: Another length in hours.\n- `resource`: Another resource.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("withdraw") => {
        "Withdraw your request. Withdrawing it again is no error.\n\n- `request_id`: The request to withdraw.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("revoke") => {
        "Revoke a grant and all its extensions.\n\nOnce the call has returned, it is on disk, and no later check of this process honours the grant. Revoking a\ngrant that is over is no error and changes nothing. Holders release their own grants instead.\n\n- `grant_id`: The grant to revoke.\n- `reason`: Why. The holder sees it.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("revoke_many") => {
        "Revoke all live grants of a request, a holder, a role or a resource, or all there are.\n\nAll end in one step, and the answer is a page with all of them. Your own are released. Once the call has\nreturned, it is on disk, and no later check of this process honours any of them.\n\n- `request_id`: The grants that this request led to.\n- `holder`: The grants that this person or agent holds.\n- `role`: The grants of this role.\n- `resource`: The grants that reach any of this resource, wider ones too.\n- `everything`: All grants.\n- `reason`: Why. The holders see it.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("release") => {
        "Release your grant and all its extensions, before they expire. Releasing it again is no error.\n\n- `grant_id`: The grant to release.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("suspend") => {
        "Suspend a grant. Its expiry does not change.\n\nNo later check of this process honours the grant until it is resumed.\n\n- `grant_id`: The grant to suspend.\n- `reason`: Why. The holder sees it.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("resume") => {
        "Resume a suspended grant.\n\n- `grant_id`: The grant to resume.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("delegate") => {
        "Delegate your right to review to another person for a limited time.\n\nThe delegate cannot delegate it further, and cannot approve what the delegator requested.\n\n- `to`: The person who reviews in your place.\n- `until`: When it ends, with its time zone. At that instant it is over.\n- `reason`: Why, for the journal.\n- `roles`: Which of your roles to delegate. The default is all roles with which you review.\n- `start`: When it begins, with its time zone. The default is now.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("undelegate") => {
        "End a delegation before its time.\n\nEither of the two people may do so, and holders of the general `approver_roles`. Ending one that is over is\nno error.\n\n- `delegation_id`: The delegation to end.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("standing") => {
        "Report a principal's status and roles. Revokes grants that they are no longer eligible for.\n\nAll grants end when the principal is disabled, and otherwise those of roles whose `requestable_by` names\nnone of their roles. The answer is a page with all grants that ended. Without a caller the host itself\nreports.\n\n- `principal`: The person or agent that the report is about.\n- `enabled`: Whether the principal's account is enabled.\n- `roles`: The principal's standing roles. The default is none.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("accept_store") => {
        "Accept the store as it is, after it was replaced by an older copy or another one.\n\nUntil then no process honours a grant. Everything that was written to the old store after the copy was made\nis gone: requests, approvals, and revocations too, so compare the two before. The page that is answered is\nempty. Without a caller the host itself accepts it.\n\n- `reason`: Why this store is the true one.\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and\n  the same arguments does nothing. It answers with the current state of what the first call did, marked\n  `replayed`."
    };
    ("request") => {
        "Get a request.\n\nIts requester, its approvers and those who see everything can see it. Uses of its grant that are not written\ndown yet are not counted.\n\n- `request_id`: The request."
    };
    ("grant") => {
        "Get a grant.\n\nIts holder, those who could approve it and those who see everything can see it. Every use that this process\nhas answered is counted.\n\n- `grant_id`: The grant."
    };
    ("requests") => {
        "List the requests that the caller can see, newest first.\n\n- `status`: Only requests of this status.\n- `limit`: The most rows on the page, 1 to 500.\n- `cursor`: `next_cursor` of the page before."
    };
    ("grants") => {
        "List the grants that the caller can see, newest first.\n\n- `status`: Only grants of this status.\n- `limit`: The most rows on the page, 1 to 500.\n- `cursor`: `next_cursor` of the page before."
    };
    ("unreviewed") => {
        "List the break-glass grants that the caller can see and that wait for a review, newest first."
    };
    ("delegations") => {
        "List the delegations that the caller can see, newest first.\n\n- `status`: Only delegations of this status.\n- `limit`: The most rows on the page, 1 to 500.\n- `cursor`: `next_cursor` of the page before."
    };
    ("audit") => {
        "List the records of the journal, oldest first.\n\nNeeds a role in `approver_roles` or `auditor_roles`.\n\n- `limit`: The most rows on the page, 1 to 500.\n- `cursor`: `next_cursor` of the page before."
    };
    ("policies") => {
        "Export all live grants as one Cedar policy set.\n\nThe same grants at the same instant give the same text. Needs a role in `approver_roles` or `auditor_roles`."
    };
    ("live_grants") => {
        "List all live grants, for the host itself. No caller is checked."
    };
    ("verify") => {
        "Check the whole journal, and that the stored state follows from it. The answer is the number of records."
    };
}
