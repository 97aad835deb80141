//! The header, the library and the list of calls say the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jit_access::Error;
use jit_access::command::catalogue;
use jit_access::workflow::RefusalCode;
use serde_json::Value;

/// The calls that C makes by a function. All others are commands of `jit_run`.
const FUNCTIONS: &[(&str, &str)] = &[
    ("check", "jit_check"),
    ("check_many", "jit_check_many"),
    ("check_current", "jit_check"),
    ("peek", "jit_check"),
    ("sync", "jit_sync"),
    ("revision", "jit_revision"),
    ("tick", "jit_tick"),
];

/// Functions that C alone needs, and why.
const ONLY_C: &[(&str, &str)] = &[
    ("jit_abi_version", "a program can meet another library than it was built with"),
    ("jit_version", "the same"),
    ("jit_open", "Rust builds an engine from its `Config`"),
    ("jit_close", "Rust drops the engine"),
    ("jit_check_config", "`Config::check` in Rust"),
    ("jit_run", "carries the commands"),
    ("jit_authorize", "`wire::authorize` in Rust"),
    ("jit_set_entities", "`Engine::set_entities` in Rust"),
    ("jit_run_watched", "`command::run_watched` in Rust"),
    ("jit_set_log", "a `tracing` subscriber in Rust"),
    ("jit_text_at", "C has no JSON of its own"),
    ("jit_text_get", "C has no text of its own"),
    ("jit_text_free", "the same"),
    ("jit_error_get", "C has no error of its own"),
    ("jit_error_free", "the same"),
    ("jit_wait_revision", "`Watch::wait` in Rust"),
    ("jit_test_clock", "`ManualClock` in Rust"),
];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> PathBuf {
    here().join("include/jit_access.h")
}

/// The codes that `jit_error_info.code` can have, and what makes texts. They stand inside the include guard.
fn macros() -> String {
    let mut text = String::from("/* What `jit_error_info.code` can be. Codes are added, never renamed. */\n");
    for code in codes() {
        writeln!(text, "#define JIT_CODE_{} \"{code}\"", code.to_uppercase()).unwrap();
    }
    text.push_str(
        "\n/* Text from a string literal, and no text. */\n\
         #ifdef __cplusplus\n\
         #define JIT_STR(literal) (jit_str{(literal), sizeof(literal) - 1})\n\
         #define JIT_NO_STR (jit_str{NULL, 0})\n\
         #else\n\
         #define JIT_STR(literal) ((jit_str){(literal), sizeof(literal) - 1})\n\
         #define JIT_NO_STR ((jit_str){NULL, 0})\n\
         #endif\n",
    );
    text
}

fn codes() -> BTreeSet<&'static str> {
    RefusalCode::ALL.iter().map(|code| code.name()).chain(Error::OTHER_CODES.iter().copied()).collect()
}

fn generated() -> String {
    let mut config = cbindgen::Config::from_file(here().join("cbindgen.toml")).unwrap();
    config.after_includes = Some(macros());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in ["types.rs", "exports.rs"] {
        builder = builder.with_src(here().join("src").join(file));
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    String::from_utf8(text).unwrap()
}

/// `JIT_WRITE_HEADER=1` writes it.
#[test]
fn the_header_is_what_the_sources_say() {
    let generated = generated();
    if std::env::var_os("JIT_WRITE_HEADER").is_some() {
        fs::write(committed(), generated).unwrap();
        return;
    }
    let committed = fs::read_to_string(committed()).unwrap_or_default();
    assert!(committed == generated, "jit_access.h is not what the sources say: run `make -C ffi/c header`");
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = generated();
    header
        .lines()
        .filter(|line| !line.trim_start().starts_with("//") && !line.starts_with('#'))
        .filter_map(|line| {
            let (before, _) = line.split_once('(')?;
            let name = before.rsplit([' ', '*']).next()?;
            name.starts_with("jit_").then(|| name.to_owned())
        })
        .collect()
}

#[test]
fn every_call_of_the_library_can_be_made_from_c() {
    let path = here().join("../../tests/facade.yaml");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("SKIPPED: there is no {}", path.display());
        return;
    };
    let facade: Value = serde_saphyr::from_str(&text).unwrap();
    let listed: BTreeSet<_> = facade["calls"].as_object().unwrap().keys().map(String::as_str).collect();
    let functions = FUNCTIONS.iter().map(|(name, _)| *name);
    let called: BTreeSet<_> = functions.chain(catalogue().map(|spec| spec.name)).collect();
    assert_eq!(listed, called, "tests/facade.yaml and what C can call");
}

#[test]
fn every_function_is_known_and_every_known_one_is_declared() {
    let functions = FUNCTIONS.iter().map(|(_, function)| *function);
    let known: BTreeSet<_> = functions.chain(ONLY_C.iter().map(|(name, _)| *name)).map(str::to_owned).collect();
    assert_eq!(known, declared());
}

/// Also the other way round: what the library shows and no header declares could be called by nobody, or by anybody.
#[test]
fn the_library_shows_what_the_header_declares_and_nothing_else() {
    let Some(library) = std::env::var_os("JIT_LIBRARY").map(PathBuf::from) else {
        eprintln!("SKIPPED: JIT_LIBRARY does not say where libjit_access.so is; `make -C ffi/c test` does");
        return;
    };
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output().unwrap();
    assert!(output.status.success(), "nm {}", library.display());
    let symbols = String::from_utf8(output.stdout).unwrap();
    let shown: BTreeSet<_> = symbols.lines().filter_map(|line| line.split(' ').nth(2)).map(str::to_owned).collect();
    assert_eq!(shown, declared());
}

#[test]
fn the_include_guard_holds_the_whole_header() {
    let header = fs::read_to_string(committed()).unwrap();
    let (before, rest) = header.split_once("#ifndef JIT_ACCESS_H\n#define JIT_ACCESS_H\n").unwrap();
    assert!(before.starts_with("/*") && before.trim_end().ends_with("*/") && before.matches("/*").count() == 1);
    assert_eq!(rest.rsplit_once("#endif").unwrap().1.trim(), "/* JIT_ACCESS_H */");
    assert!(rest.contains("#define JIT_STR(") && rest.contains("#define JIT_CODE_UNAVAILABLE"));
}

#[test]
fn every_code_has_a_name_in_the_header() {
    let header = fs::read_to_string(committed()).unwrap();
    for code in codes() {
        let line = format!("#define JIT_CODE_{} \"{code}\"", code.to_uppercase());
        assert!(header.contains(&line), "{line}");
    }
    assert_eq!(header.matches("#define JIT_CODE_").count(), codes().len());
}

/// The exports by name, each with its body.
fn exports() -> Vec<(String, String)> {
    let text = fs::read_to_string(here().join("src/exports.rs")).unwrap();
    let exports = text.split("#[unsafe(no_mangle)]").skip(1).map(|rest| {
        let (signature, body) = rest.split_once(" {\n").unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        let (name, _) = signature.split_once("fn ").unwrap().1.split_once('(').unwrap();
        (name.to_owned(), body.trim().to_owned())
    });
    exports.collect()
}

#[test]
fn every_export_is_one_panic_guard() {
    let exports = exports();
    assert_eq!(exports.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), declared());
    for (name, body) in exports {
        let is_constant = ["jit_abi_version", "jit_version"].contains(&name.as_str());
        assert!(is_constant || body.starts_with("guard!(") && body.ends_with(')'), "{name} does something unguarded");
    }
}

/// `jit_version` and `jit_abi_version` take nothing. What all others take is made up by some target, and each target is run.
#[test]
fn every_export_is_fuzzed() {
    let targets = fs::read_dir(here().join("fuzz")).unwrap().map(|entry| entry.unwrap().path());
    let targets: Vec<_> = targets.filter(|path| path.extension().is_some_and(|ending| ending == "c")).collect();
    let text: String = targets.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for name in declared().iter().filter(|name| !["jit_abi_version", "jit_version"].contains(&name.as_str())) {
        assert!(text.contains(&format!("{name}(")), "no target calls {name}");
    }
    let makefile = fs::read_to_string(here().join("Makefile")).unwrap();
    for (list, item) in [("FUZZED := ", ' '), ("SMOKE := ", ':')] {
        let line = makefile.lines().find_map(|line| line.strip_prefix(list)).unwrap();
        let named: BTreeSet<_> = line.split(' ').map(|word| word.split(item).next().unwrap().to_owned()).collect();
        let there = targets.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
        assert_eq!(named, there.collect(), "{list}and the files of fuzz/");
    }
}

/// Blocks that follow pointers stand in four files; what `exports` has are names and signatures.
#[test]
fn unsafe_blocks_stand_in_four_files_and_each_says_why() {
    for entry in fs::read_dir(here().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let file = path.file_name().unwrap().to_str().unwrap();
        let allowed = ["handle.rs", "guard.rs", "log.rs", "progress.rs"].contains(&file);
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if line.contains("unsafe {") || line.contains("unsafe impl") {
                assert!(allowed, "{}:{} has an unsafe block", path.display(), at + 1);
                let before = lines[..at].iter().rev().take(4);
                assert!(
                    before.into_iter().any(|line| line.contains("SAFETY:")),
                    "{}:{} does not say why it is sound",
                    path.display(),
                    at + 1
                );
            }
        }
    }
}
