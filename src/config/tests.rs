use super::*;
use crate::model::Ttl;

fn parse(text: &str) -> Result<Config, Invalid> {
    Config::parse(text, [])
}

fn with_env(text: &str, environ: &[(&str, &str)]) -> Result<Config, Invalid> {
    Config::parse(text, environ.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_whole_file_is_read() {
    let config = parse(
        "
jit_access:
  enabled: true
  max_duration_hours: 8
  default_duration_hours: 2
  require_justification: true
  require_ticket_url: true
  require_approval: true
  approver_roles: [platform_admin, security-admin]
  auto_approve_for_roles: []
  approval_timeout_hours: 4
  break_glass: {enabled: false, require_mfa: true, notify_security_team: true, max_duration_hours: 1}
  expiration_warning_minutes: []
  auto_extend: false
  max_extensions: 0
  notifications: {on_request: false, channels: []}
  enhanced_audit: false
  session_summary: false
  reserved_permissions: [admin.plugins]
  store: {path: jit.db}
  service: {max_staleness_ms: 500}
  roles:
    incident-responder:
      description: Read the audit trail and run tools
      permissions: [audit:read, tools.*]
      except_permissions: [tools.delete]
      max_duration_hours: 4
      approver_roles: [oncall-lead]
",
    )
    .unwrap();
    assert_eq!(config.rules.max_duration, Ttl::from_hours(8.0).unwrap());
    assert!(config.rules.require_ticket_url);
    let role = &config.rules.catalogue[&RoleName::new("incident-responder").unwrap()];
    assert_eq!(role.permissions.allowed().len(), 2);
    assert_eq!(role.permissions.excepted().len(), 1);
    assert_eq!(role.approver_roles.as_deref().unwrap()[0].as_str(), "oncall-lead");
    assert_eq!(config.store, StoreConfig::Sqlite { path: "jit.db".into(), busy_timeout: Duration::from_secs(5) });
    assert_eq!(config.settings.max_staleness, Duration::from_millis(500));
}

#[test]
fn nothing_is_a_valid_configuration() {
    for text in ["", "jit_access:", "jit_access: {}", "{\"jit_access\": {}}"] {
        assert_eq!(parse(text).unwrap().rules, Rules::default(), "{text}");
    }
}

#[test]
fn mistakes_name_the_key_the_value_and_what_would_be_right() {
    for (text, message) in [
        (
            "jit_access: {max_duration_hour: 8}",
            "`jit_access.max_duration_hour` is not a known key; expected `max_duration_hours`, perhaps",
        ),
        ("jit_acess: {}", "`jit_acess` is not a known key; expected only `jit_access` at the top of the document"),
        ("jit_access: {enabled: yes please}", "`jit_access.enabled` is `yes please`; expected true or false"),
        (
            "jit_access: {max_duration_hours: '8h'}",
            "`jit_access.max_duration_hours` is `8h`; expected a number of hours, such as 4 or 0.5",
        ),
        (
            "jit_access: {max_duration_hours: -1}",
            "`jit_access.max_duration_hours` is -1 hours; expected between 1 second and 87660 hours (ten years)",
        ),
        (
            "jit_access: {max_duration_hours: 2, default_duration_hours: 3}",
            "`jit_access.default_duration_hours` is 3; expected at most max_duration_hours, which is 2",
        ),
        ("jit_access: {max_extensions: 1000}", "`jit_access.max_extensions` is 1000; expected at most 100"),
        (
            "jit_access: {max_duration_hours: 8, max_total_duration_hours: 4}",
            "`jit_access.max_total_duration_hours` is 4; expected at least max_duration_hours, which is 8",
        ),
        (
            "jit_access: {approver_roles: admin}",
            "`jit_access.approver_roles` is `admin`; expected a list, such as [one, two]",
        ),
        (
            "jit_access: {approver_roles: [a, '']}",
            "`jit_access.approver_roles[1]` is ``; expected 1 to 128 characters that can be seen, without surrounding space, such as incident-responder",
        ),
        (
            "jit_access: {roles: {r: {permissions: [tools.]}}}",
            "`jit_access.roles.r.permissions[0]` is `tools.`; expected an action such as tools.execute, a whole-segment wildcard such as tools.*, or *",
        ),
        (
            "jit_access: {roles: {r: {permissions: [jit.approve]}}}",
            "`jit_access.roles.r.permissions[0]` is `jit.approve`, which administers jit-access itself and cannot be granted; expected a permission of the host",
        ),
        (
            "jit_access: {roles: {r: {}}}",
            "`jit_access.roles.r.permissions` gives nothing; expected at least one permission that is not excepted",
        ),
        (
            "jit_access: {roles: {r: {permissions: ['*'], colour: red}}}",
            "`jit_access.roles.r.colour` is not a known key; expected a key of this section as the manual names it",
        ),
        (
            "jit_access: {store: {type: sqlite}}",
            "`jit_access.store.path` is missing; expected the path of the SQLite file, in a directory that exists",
        ),
        ("jit_access: {store: {type: mysql}}", "`jit_access.store.type` is `mysql`; expected sqlite or memory"),
        (
            "jit_access: {service: {interval_ms: 0}}",
            "`jit_access.service.interval_ms` is `0`; expected a whole number of milliseconds from 1 to 60000",
        ),
        ("jit_access: [1]", "`jit_access` is a list; expected a mapping of keys to values"),
        ("5", "`configuration` is `5`; expected a mapping with the key jit_access"),
    ] {
        assert_eq!(refusal(text), message);
    }
    assert!(refusal("jit_access: {a: 1, a: 2}").contains("not valid YAML"));
    assert!(refusal("jit_access: [").contains("not valid YAML"));
}

#[test]
fn a_key_whose_feature_is_missing_is_refused() {
    for (text, key) in [
        ("jit_access: {enhanced_audit: true}", "enhanced_audit"),
        ("jit_access: {session_summary: true}", "session_summary"),
        ("jit_access: {expiration_warning_minutes: [15]}", "expiration_warning_minutes"),
        ("jit_access: {notifications: {on_use: true}}", "notifications.on_use"),
        ("jit_access: {notifications: {channels: [email]}}", "notifications.channels"),
    ] {
        let message = refusal(text);
        assert!(message.contains(&format!("`jit_access.{key}`")) && message.contains("does not have"), "{message}");
    }
}

#[test]
fn the_environment_overrides_the_file() {
    let text = "jit_access: {max_duration_hours: 8, approver_roles: [a], store: {path: file.db}}";
    let config = with_env(
        text,
        &[
            ("JIT_MAX_DURATION_HOURS", "12"),
            ("JIT_APPROVER_ROLES", "b, c"),
            ("JIT_AUTO_APPROVE_FOR_ROLES", "[\"d\"]"),
            ("JIT_STORE__PATH", "other.db"),
            ("JIT_REQUIRE_APPROVAL", "false"),
            ("JIT_AUTO_APPROVE_MAX_HOURS", "2"),
            ("JIT_NEVER_AUTO_APPROVE__RISK_LEVEL", "high"),
            ("JIT_NEVER_AUTO_APPROVE__RESOURCES", "server:prod"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.rules.max_duration, Ttl::from_hours(12.0).unwrap());
    assert_eq!(config.rules.approver_roles.len(), 2);
    assert_eq!(config.rules.auto_approve_for_roles.len(), 1);
    assert!(!config.rules.require_approval);
    assert_eq!(config.rules.auto_approve_max, Ttl::from_hours(2.0).ok());
    assert_eq!(config.rules.never_auto_approve.risk_level, Some(crate::model::RiskLevel::High));
    assert_eq!(config.rules.never_auto_approve.scopes.len(), 1);
    assert_eq!(config.store, StoreConfig::Sqlite { path: "other.db".into(), busy_timeout: Duration::from_secs(5) });
    let error = with_env("", &[("JIT_MAX_DURATION_HOUR", "1")]).unwrap_err().to_string();
    assert_eq!(error, "`JIT_MAX_DURATION_HOUR` is not a known variable; expected `JIT_MAX_DURATION_HOURS`, perhaps");
    let error = with_env("", &[("JIT_APPROVAL", "[{roles: [a]}]")]).unwrap_err().to_string();
    assert!(error.contains("is not a known variable"), "steps stand in the file: {error}");
    let error = with_env("", &[("JIT_ENABLED", "maybe")]).unwrap_err().to_string();
    assert_eq!(error, "`jit_access.enabled` is `maybe`; expected true or false");
}

#[test]
fn a_policy_is_read_from_where_the_configuration_is() {
    let folder = tempfile::tempdir().unwrap();
    let all = "permit (principal, action, resource);";
    std::fs::write(folder.path().join("own.cedar"), all).unwrap();
    let text = "jit_access: {workflow_policy: {path: own.cedar}, store: {path: jit.db}}";
    let config = Config::parse_in(Some(folder.path()), text, []).unwrap();
    assert!(config.rules.policy.is_operators());
    assert!(matches!(config.store, StoreConfig::Sqlite { path, .. } if path == folder.path().join("jit.db")));
    let error = refusal("jit_access: {workflow_policy: {path: own.cedar}}");
    assert!(error.starts_with("`jit_access.workflow_policy.path` is `own.cedar`, which cannot be read"), "{error}");

    let path = folder.path().join("own.cedar").to_string_lossy().into_owned();
    let config = with_env("", &[("JIT_WORKFLOW_POLICY__PATH", &path), ("JIT_WORKFLOW_POLICY__KEEP_SHIPPED", "true")]);
    assert!(config.unwrap().rules.policy.is_operators());
    std::fs::write(folder.path().join("own.cedar"), format!("{all}\npermit (principal")).unwrap();
    let error = Config::parse_in(Some(folder.path()), text, []).unwrap_err().to_string();
    let told = "`jit_access.workflow_policy.path` is `own.cedar`, which is wrong in line 2: unexpected end of input";
    assert!(error.starts_with(told), "{error}");
    assert!(!parse("").unwrap().rules.policy.is_operators());
}
