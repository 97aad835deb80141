//! A library without Cedar says so to whoever brings a policy. `make -C ffi/c test` builds this without.
#![cfg(not(feature = "cedar"))]

use jit_access::config::Config;

#[test]
fn a_workflow_policy_needs_cedar() {
    let text = "jit_access: {workflow_policy: {text: 'permit (principal, action, resource);'}}";
    let told = "`jit_access.workflow_policy.text` needs Cedar, and this build is one without the feature `cedar`; expected \
                the key left out, or a build with that feature";
    assert_eq!(Config::parse(text, []).unwrap_err().to_string(), told);
}
