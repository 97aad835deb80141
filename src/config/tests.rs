mod forbidding;

use super::*;
use crate::model::Ttl;
use crate::notify::{ChannelKind, NoticeKind};

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
  reserved_permissions: [tools.admin]
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
        (
            "jit_access: {max_extensions: 1000}",
            "`jit_access.max_extensions` is `1000`; expected a whole number from 0 to 100",
        ),
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
            "`jit_access.roles.r.colour` is not a known key; expected one of approval, approver_roles, conditions, conflicts_with, default_duration_hours, description, except_permissions, max_duration_hours, permissions, requestable_by",
        ),
        (
            "jit_access: {store: {type: sqlite}}",
            "`jit_access.store.path` is missing; expected the path of the SQLite file, in a directory that exists",
        ),
        (
            "jit_access: {store: {type: mysql}}",
            "`jit_access.store.type` is `mysql`; expected sqlite, postgresql or memory",
        ),
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
    assert_eq!(error, "`jit_access.enabled` is `maybe` (set by the variable JIT_ENABLED); expected true or false");
}

#[test]
fn a_policy_is_read_from_where_the_configuration_is() {
    let folder = tempfile::tempdir().unwrap();
    let all = "permit (principal, action, resource);";
    std::fs::write(folder.path().join("own.cedar"), all).unwrap();
    let text = "jit_access: {workflow_policy: {path: own.cedar}, store: {path: jit.db}}";
    let config = Config::parse_in(Some(folder.path()), text, []).unwrap();
    assert!(config.rules.policy.is_custom());
    assert!(matches!(config.store, StoreConfig::Sqlite { path, .. } if path == folder.path().join("jit.db")));
    let error = refusal("jit_access: {workflow_policy: {path: own.cedar}}");
    assert!(error.starts_with("`jit_access.workflow_policy.path` is `own.cedar`, which cannot be read"), "{error}");

    let path = folder.path().join("own.cedar").to_string_lossy().into_owned();
    let config = with_env("", &[("JIT_WORKFLOW_POLICY__PATH", &path), ("JIT_WORKFLOW_POLICY__KEEP_SHIPPED", "true")]);
    assert!(config.unwrap().rules.policy.is_custom());
    std::fs::write(folder.path().join("own.cedar"), format!("{all}\npermit (principal")).unwrap();
    let error = Config::parse_in(Some(folder.path()), text, []).unwrap_err().to_string();
    let told = "`jit_access.workflow_policy.path` is `own.cedar`, which is wrong in line 2: unexpected end of input";
    assert!(error.starts_with(told), "{error}");
    assert!(!parse("").unwrap().rules.policy.is_custom());
}

fn errors(text: &str, environ: &[(&str, &str)]) -> Vec<String> {
    let environ = environ.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::check(None, text, environ).errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_check_finds_every_mistake() {
    let text = "
jit_access:
  enabeld: true
  max_duration_hours: -1
  approver_roles: [a, 3, {}, '']
  limits: {grants_total: many, grants: 1}
  approval: [{count: 11}, {roles: [], escalate_to: [b]}]
  roles: {r: {permissions: [tools.]}, s: {permissions: [a.b], conditions: {max_use: 3}}}
  store: {type: mysql}
";
    let found = errors(text, &[("JIT_REQUIRE_APPROVAL", "perhaps"), ("JIT_LIMITS__GRANT_TOTAL", "1")]);
    for key in [
        "enabeld",
        "max_duration_hours",
        "approver_roles[2]",
        "approver_roles[3]",
        "limits.grants_total",
        "limits.grants",
        "approval[0].count",
        "approval[0].roles",
        "approval[1].roles",
        "approval[1].escalate_after_hours",
        "roles.r.permissions[0]",
        "roles.s.conditions.max_use",
        "store.type",
        "require_approval",
    ] {
        let of_key = |error: &&String| error.starts_with(&format!("`jit_access.{key}` "));
        assert_eq!(found.iter().filter(of_key).count(), 1, "{key}: {found:#?}");
    }
    assert!(
        found
            .iter()
            .any(|error| error.contains("`JIT_LIMITS__GRANT_TOTAL`") && error.contains("JIT_LIMITS__GRANTS_TOTAL"))
    );
    assert!(found.iter().any(|error| error.contains("`max_uses`, perhaps")), "{found:#?}");
}

#[test]
fn an_empty_variable_is_as_one_that_is_not_set() {
    let text = "
jit_access:
  enabled: false
  max_duration_hours: 2
  require_ticket_url: true
  reserved_permissions: [a.b]
  store: {path: jit.db}
";
    let empty: Vec<(String, &str)> = Config::keys().filter_map(|key| Some((key.variable()?, ""))).collect();
    let blank: Vec<_> = empty.iter().map(|(name, _)| (name.as_str(), " \t")).collect();
    let empty: Vec<_> = empty.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    for environ in [empty, blank] {
        let (with, without) = (with_env(text, &environ).unwrap(), parse(text).unwrap());
        assert_eq!((with.rules, with.store), (without.rules, without.store));
        assert_eq!(with.warnings.len(), 1, "said once");
        assert!(with.warnings[0].contains("JIT_ENABLED") && with.warnings[0].contains("null"), "{:?}", with.warnings);
    }
    for nothing in ["[]", "null"] {
        let config = with_env(text, &[("JIT_RESERVED_PERMISSIONS", nothing)]).unwrap();
        assert!(config.rules.reserved_permissions.is_empty() && config.warnings.is_empty(), "{nothing}");
    }
    assert!(with_env(text, &[("JIT_RESERVED_PERMISSIONS", ",")]).is_err(), "a comma names nothing");
}

#[test]
fn what_kubernetes_sets_for_a_service_is_passed_over() {
    let of = |service: &str| {
        [
            ("SERVICE_HOST", "10.0.0.11"),
            ("SERVICE_PORT", "8080"),
            ("SERVICE_PORT_HTTP", "8080"),
            ("PORT", "tcp://10.0.0.11:8080"),
            ("PORT_8080_TCP", "tcp://10.0.0.11:8080"),
            ("PORT_8080_TCP_PROTO", "tcp"),
            ("PORT_8080_TCP_PORT", "8080"),
            ("PORT_8080_TCP_ADDR", "10.0.0.11"),
            ("PORT_53_UDP", "udp://[fd00::1]:53"),
            ("PORT_53_UDP_ADDR", "fd00::1"),
        ]
        .map(|(name, value)| (format!("{service}_{name}"), value.to_owned()))
    };
    for service in ["JIT", "JIT_ACCESS", "JIT_STORE_2"] {
        let config = Config::parse("", of(service)).unwrap();
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    }
    for (name, value) in [
        ("JIT_PORT", "8080"),
        ("JIT_ACCESS_SERVICE_HOST", "somewhere"),
        ("JIT_PORT_80_TCP", "80"),
        ("JIT_PORT_X_TCP", "tcp://a:1"),
        ("JIT_SERVICE_PORT", "all"),
        ("JIT_ACCESS", "tcp://10.0.0.11:8080"),
        ("JIT_PORT_80_TCP_NAME", "tcp"),
    ] {
        let error = with_env("", &[(name, value)]).unwrap_err().to_string();
        assert!(error.contains("is not a known variable"), "{error}");
    }
}

#[test]
fn a_misspelt_name_in_a_rule_that_forbids_is_refused() {
    let roles =
        "roles: {prod-admin: {permissions: ['logs:*', tools.read, tools.delete]}, dba: {permissions: [db.read]}}";
    for (key, name, meant) in [
        ("never_auto_approve: {roles: [prod-admim]}", "never_auto_approve.roles[0]", "`prod-admin`"),
        ("never_auto_approve: {roles: [nobody]}", "never_auto_approve.roles[0]", "a role under `roles`"),
        ("break_glass: {roles: [dbaa]}", "break_glass.roles[0]", "`dba`"),
        ("reserved_permissions: [tools.delte]", "reserved_permissions[0]", "`tools.delete`"),
        ("reserved_permissions: [tool.delete]", "reserved_permissions[0]", "`tools.delete`"),
        ("reserved_permissions: [log.delete]", "reserved_permissions[0]", "`logs:delete`"),
        (
            "never_auto_approve: {resources: ['server:prod-*']}",
            "never_auto_approve.resources[0]",
            "`server` for everything",
        ),
        ("risk: {production: ['tool@server:prod*:x']}", "risk.production[0]", "`server` for everything"),
    ] {
        let error = refusal(&format!("jit_access: {{{key}, {roles}}}"));
        assert!(error.starts_with(&format!("`jit_access.{name}` is `")) && error.contains(meant), "{error}");
    }
    let role = |more: &str| {
        refusal(&format!(
            "jit_access: {{roles: {{dba: {{permissions: ['logs:*', db.read], {more}}}, auditor: {{permissions: [a.b]}}}}}}"
        ))
    };
    let error = role("except_permissions: ['logs.delete']");
    assert!(
        error.contains("roles.dba.except_permissions[0]` is `logs.delete`") && error.contains("`logs:delete`"),
        "{error}"
    );
    let error = role("except_permissions: [cache.flush]");
    assert!(error.contains("something that the role gives otherwise: logs:*, db.read"), "{error}");
    let error = role("conflicts_with: [auditer]");
    assert!(error.contains("roles.dba.conflicts_with[0]` is `auditer`") && error.contains("`auditor`"), "{error}");
    let text = "jit_access: {roles: {dba: {permissions: [db.read], conflicts_with: [owner]}}}";
    assert!(parse(text).unwrap().warnings[0].contains("`owner`"));
    assert!(refusal(&text.replace("{roles: {dba", "{host_roles: [lead], roles: {dba")).contains("`host_roles` lists"));
    parse("jit_access: {host_roles: [owner], roles: {dba: {permissions: [db.read], conflicts_with: [owner]}}}")
        .unwrap();
    parse("jit_access: {approver_roles: [lead], roles: {dba: {permissions: [db.read], conflicts_with: [lead]}}}")
        .unwrap();
    let config =
        parse("jit_access: {reserved_permissions: [admin.plugins], roles: {dba: {permissions: [db.read]}}}").unwrap();
    assert_eq!(config.warnings, ["reserved_permissions reserves `admin.plugins`, which no role gives"]);
}

#[test]
fn an_emergency_takes_nothing_that_is_never_approved_by_a_rule() {
    let text =
        "jit_access: {never_auto_approve: {roles: [r]}, break_glass: {roles: [r]}, roles: {r: {permissions: [a.b]}}}";
    assert!(refusal(text).contains("break_glass.even_never_auto_approve: true"));
    parse(&text.replace("roles: [r]}, roles", "roles: [r], even_never_auto_approve: true}, roles")).unwrap();
}

#[test]
fn paths_begin_at_home_or_in_the_folder_of_the_file() {
    let path = |text: &str, environ: &[(&str, &str)]| match with_env(
        &format!("jit_access: {{store: {{path: {text}}}}}"),
        environ,
    ) {
        Ok(Config { store: StoreConfig::Sqlite { path, .. }, .. }) => Ok(path.display().to_string()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    };
    assert_eq!(path("~/j.db", &[("HOME", "/home/op")]), Ok("/home/op/j.db".to_owned()));
    let error = path("~/j.db", &[]).unwrap_err();
    assert!(error.starts_with("`jit_access.store.path` is `~/j.db`") && error.contains("HOME"), "{error}");
    assert!(path("~root/j.db", &[("HOME", "/home/op")]).unwrap_err().contains("home of another user"));
}

#[test]
#[cfg(unix)]
fn a_store_that_cannot_be_opened_says_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let check = |path: std::path::PathBuf| {
        let store = StoreConfig::Sqlite { path, busy_timeout: Duration::from_secs(1) };
        store.check().map_err(|error| error.to_string())
    };
    let in_folder = |name: &str| folder.path().join(name);
    assert_eq!(check(in_folder("new.db")), Ok(()));
    let error = check(in_folder("none/jit.db")).unwrap_err();
    assert!(error.starts_with("`jit_access.store.path` is `") && error.contains("mkdir -p"), "{error}");
    let error = check(folder.path().to_owned()).unwrap_err();
    assert!(error.contains("which is a folder"), "{error}");
    std::fs::write(in_folder("plain"), "text").unwrap();
    assert!(check(in_folder("plain/jit.db")).unwrap_err().contains("is no folder"));

    for (file, mode, open) in [
        ("a.db", 0o600, false),
        ("b.db", 0o660, false),
        ("c.db", 0o666, true),
        ("d.db", 0o604, true),
        ("e.db", 0o602, true),
    ] {
        for suffix in ["", "-wal", "-shm"] {
            let file = format!("{file}{suffix}");
            std::fs::write(in_folder(file.trim_end_matches(suffix)), "").unwrap();
            std::fs::set_permissions(in_folder(file.trim_end_matches(suffix)), PermissionsExt::from_mode(0o600))
                .unwrap();
            std::fs::write(in_folder(&file), "").unwrap();
            std::fs::set_permissions(in_folder(&file), PermissionsExt::from_mode(mode)).unwrap();
            let checked = check(in_folder(file.trim_end_matches(suffix)));
            match checked {
                Ok(()) => assert!(!open, "{file}"),
                Err(error) => {
                    assert!(open && error.contains(&format!("chmod o-rwx {}", in_folder(&file).display())), "{error}")
                }
            }
            std::fs::remove_file(in_folder(&file)).unwrap();
        }
    }
}

#[test]
fn a_schema_says_which_kinds_there_are() {
    let config = parse("jit_access: {schema: {text: 'entity Customer; entity Invoice in [Customer];'}}").unwrap();
    let schema = config.rules.schema.unwrap();
    assert!(schema.check(&"invoice@customer:acme".parse().unwrap()).is_ok());
    let error = schema.check(&"invoice@team:acme".parse().unwrap()).unwrap_err().to_string();
    assert_eq!(
        error,
        "`resource` names the kind `team`, which the schema does not have; expected one of customer, invoice"
    );

    let shipped =
        parse("jit_access: {schema: {shipped: contextforge}, risk: {production: ['tool@server:shop']}}").unwrap();
    assert!(shipped.rules.schema.is_some() && parse("").unwrap().rules.schema.is_none());
    for (section, told) in [
        ("schema: {shipped: other}", "`jit_access.schema.shipped` is `other`"),
        ("schema: {text: 'entity {'}", "`jit_access.schema.text` is wrong"),
        ("schema: {text: 'entity invoice;'}", "is no kind of resource"),
        ("schema: {text: 'type Context = {now: datetime};'}", "has no attribute `mfa_at`"),
        ("schema: {path: absent.cedarschema}", "which cannot be read"),
        ("schema: {text: 'entity A;', shipped: contextforge}", "`jit_access.schema.path` is not the only one"),
        (
            "schema: {shipped: contextforge}, risk: {production: [shop]}",
            "`jit_access.risk.production` names the kind `shop`",
        ),
        (
            "schema: {shipped: contextforge}, never_auto_approve: {resources: ['invoice:1']}",
            "`jit_access.never_auto_approve.resources` names the kind `invoice`",
        ),
    ] {
        let error = refusal(&format!("jit_access: {{{section}}}"));
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn notifications_are_read_and_their_secrets_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hook");
    std::fs::write(&file, "whsec_hidden\n").unwrap();
    let text = format!(
        "jit_access:
  expiration_warning_minutes: [60, 5]
  notifications:
    on_use: false
    base_url: https://gateway.example.com/jit/
    quiet_hours: '22:00-06:00'
    security_channels: [ops]
    digest: {{people: [lead@example.com], minutes: 30}}
    link_secret_env: LINKS
    channels:
      mail: {{kind: email, host: mx, from: jit@example.com, username: jit, password_env: SMTP_PASSWORD}}
      ops: {{kind: slack, webhook_url_env: HOOK, per_minute: 30}}
      siem: {{kind: webhook, url: 'https://siem.example.com/in', secrets_file: ['{}'], timeout_seconds: 3}}
    routes:
      - {{channels: [mail], events: [on_request, grant_revoked]}}
      - {{channels: [siem, ops], risk_levels: [high, critical]}}",
        file.display()
    );
    let environ =
        [("SMTP_PASSWORD", "hunter2"), ("HOOK", "https://hooks.example.com/T0/hidden"), ("LINKS", "signing-hidden")];
    let config = with_env(&text, &environ).unwrap();
    let notices = &config.settings.notices;
    assert!(!notices.is_enabled(NoticeKind::GrantUsed) && notices.is_enabled(NoticeKind::GrantExpired));
    assert_eq!(notices.warnings.iter().map(|ttl| ttl.millis()).collect::<Vec<_>>(), [3_600_000, 300_000]);
    assert_eq!(notices.base_url.as_deref(), Some("https://gateway.example.com/jit"));
    let ChannelKind::Webhook(hook) = &notices.channels["siem"].kind else { panic!("{notices:?}") };
    assert_eq!(hook.secrets[0].expose(), "whsec_hidden");
    assert!(notices.routes[0].events.as_ref().unwrap().contains(&NoticeKind::RequestEscalated));
    let shown = format!("{config:?}");
    for secret in ["hunter2", "whsec_hidden", "T0/hidden", "signing-hidden"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!config.text().contains(secret), "{}", config.text());
    }
}

#[test]
fn mistakes_in_notifications_are_named() {
    let mail = "kind: email, host: mx, from: a@example.com";
    for (notifications, said) in [
        ("channels: [email]".to_owned(), "a mapping from the name of a channel"),
        ("channels: {mail: {kind: pigeon}}".to_owned(), "expected email, slack, webhook or host"),
        ("channels: {Mail: {kind: slack}}".to_owned(), "1 to 64 small letters"),
        (format!("channels: {{mail: {{{mail}, password: hunter2}}}}"), "password_env"),
        (format!("channels: {{mail: {{{mail}, username: u}}}}"), "password_env is not"),
        (format!("channels: {{mail: {{{mail}, username: u, password_env: GONE}}}}"), "names the variable `GONE`"),
        (format!("channels: {{mail: {{{mail}, security: none, username: u, password_env: HOME}}}}"), "in the open"),
        ("channels: {ops: {kind: slack}}".to_owned(), "one of the two"),
        ("channels: {hook: {kind: webhook, url: 'https://a'}}".to_owned(), "names none"),
        (format!("channels: {{mail: {{{mail}}}}}, security_channels: [mail]"), "a target of their own"),
        ("routes: [{channels: [nowhere]}]".to_owned(), "there is none"),
        (
            format!("channels: {{mail: {{{mail}}}}}, routes: [{{channels: [mail], events: [grant_revokd]}}]"),
            "`grant_revoked`, perhaps",
        ),
        ("routes: [{chanels: [mail]}]".to_owned(), "is missing"),
        ("base_url: 'https://user:pw@example.com'".to_owned(), "without credentials"),
        ("quiet_hours: '22:00'".to_owned(), "two times of day"),
        ("use_digest_minutes: 0".to_owned(), "a whole number from 1"),
        ("on_requests: true".to_owned(), "`on_request`, perhaps"),
    ] {
        let text = format!("jit_access: {{notifications: {{{notifications}}}}}");
        let found = Config::check(None, &text, [("HOME".to_owned(), "/root".to_owned())]);
        let all: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        assert!(all.iter().any(|error| error.contains(said)), "{text}: {all:?}");
        assert!(all.iter().all(|error| !error.contains("hunter2")), "{all:?}");
    }
    let warned = "jit_access: {expiration_warning_minutes: [15, 0]}";
    assert!(refusal(warned).contains("whole numbers from 1"), "{}", refusal(warned));
}

#[test]
fn variables_of_a_command_line_are_passed_over() {
    let set = |name: &str| Config::parse("jit_access: {}", [(name.to_owned(), "x".to_owned())]);
    for name in ["JIT_HOST", "JIT_URL", "JIT_TOKEN", "JIT_TOKEN_FILE", "JIT_CONFIG", "JIT_PROFILE", "JIT_OUTPUT"] {
        assert!(set(name).is_ok(), "{name}");
    }
    assert!(set("JIT_TOKENS").is_err(), "and nothing like them");
    // No key can be called so one day without being noticed here.
    let taken = Config::keys().filter_map(Key::variable).collect::<Vec<_>>();
    assert!(["JIT_HOST", "JIT_URL", "JIT_TOKEN", "JIT_CONFIG"].iter().all(|name| !taken.contains(&(*name).to_owned())));
}

#[test]
#[cfg(feature = "postgres")]
fn a_database_is_one_variable_and_its_password_is_shown_nowhere() {
    let set = |url: &str| [("JIT_STORE__URL".to_owned(), url.to_owned())];
    let config = Config::parse("", set("postgresql://jit:hunter2@db.example.com/gateway")).unwrap();
    let StoreConfig::Postgres { url, options } = &config.store else { panic!("{:?}", config.store) };
    assert_eq!(url.to_string(), "postgresql://jit@db.example.com:5432/gateway");
    assert_eq!(options.schema, "jit_access");
    assert!(!format!("{config:?}").contains("hunter2"));
    for wrong in ["mysql://jit:hunter2@db/x", "postgresql://jit:hunter2@db/x?sslmode=prefer", "hunter2"] {
        let error = Config::parse("", set(wrong)).unwrap_err().to_string();
        assert!(error.contains("store.url") && !error.contains("hunter2"), "{error}");
    }
    let both = "jit_access: {store: {path: jit.db}}";
    let error = Config::parse(both, set("postgresql://jit@db/x")).unwrap_err().to_string();
    assert!(error.contains("store.url"), "{error}");
}
