//! Which commands a caller could use now for the requests and grants that they are shown.

use super::workflow::Workflow;
use crate::command::Command;
use crate::model::{AccessRequest, Caller, Delegation, Grant};
use crate::workflow::{Call, Groups, Ids, Needs, View, about_grant, about_request, is_possible};

/// How it is determined what a caller could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accuracy {
    /// From the shown objects alone: for lists, and for the answer to a write, which must not fail if the store fails.
    Estimated,
    /// From everything that a command is decided from.
    Exact,
}

impl Workflow {
    /// The names of the commands that the caller could use now for each of these requests. If the store fails, a command
    /// is left out, because it would probably fail too.
    #[must_use]
    pub fn possible_with_requests(
        &self,
        caller: &Caller,
        requests: &[&AccessRequest],
        accuracy: Accuracy,
    ) -> Vec<Vec<&'static str>> {
        let now = self.now();
        let is_others = |one: &&AccessRequest| one.status(now).is_open() && one.person() != caller.person();
        let lent = if requests.iter().any(is_others) { self.lent_to(caller) } else { Vec::new() };
        let possible = |request: &&AccessRequest| {
            let shown = View { request: Some((*request).clone()), delegations: lent.clone(), ..View::default() };
            self.possible(caller, about_request(request, caller, &self.shared.rules, now), &shown, accuracy)
        };
        requests.iter().map(possible).collect()
    }

    /// The same for grants.
    #[must_use]
    pub fn possible_with_grants(
        &self,
        caller: &Caller,
        grants: &[&Grant],
        accuracy: Accuracy,
    ) -> Vec<Vec<&'static str>> {
        let now = self.now();
        let possible = |grant: &&Grant| {
            let this = || Some((*grant).clone());
            let shown = View { grant: this(), extended: this(), ..View::default() };
            self.possible(caller, about_grant(grant, caller, &self.shared.rules, now), &shown, accuracy)
        };
        grants.iter().map(possible).collect()
    }

    fn possible(&self, caller: &Caller, groups: Groups, shown: &View, accuracy: Accuracy) -> Vec<&'static str> {
        let (rules, now) = (&self.shared.rules, self.now());
        let is_so = |command: &Command| {
            let needs = Needs::of(&Call::new(caller, command, Ids::from_u128(0)), rules);
            let view = self.shared.store.view(&needs, now);
            view.is_ok_and(|view| is_possible(&view, caller, command, rules, now))
        };
        let is_possible = |command: &Command| {
            is_possible(shown, caller, command, rules, now) && (accuracy == Accuracy::Estimated || is_so(command))
        };
        let leads = |group: &[Command]| group.first().is_some_and(is_possible);
        let mut names = Vec::new();
        for group in groups.into_iter().filter(|group| leads(group)) {
            let (first, rest) = group.split_at(1);
            let others = rest.iter().filter(|command| is_possible(command));
            names.extend(first.iter().chain(others).map(|command| command.spec().name));
        }
        names
    }

    fn lent_to(&self, caller: &Caller) -> Vec<Delegation> {
        let needs = Needs { delegations_to: Some(caller.principal.clone()), ..Needs::default() };
        self.shared.store.view(&needs, self.now()).map(|view| view.delegations).unwrap_or_default()
    }
}
