//! Reads the source files of a crate: its modules, and every path that each of them names.
//!
//! Files are read as tokens, so comments are left out, code inside macros is seen, and an import in braces is as many
//! paths as it has names. What stands under `#[cfg(test)]` is left out: tests may use anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path of modules from the crate's root: empty for `lib.rs`.
pub(crate) type Module = Vec<String>;

/// One source file.
pub(crate) struct Source {
    /// Where it is, from the project's folder.
    pub(crate) path: PathBuf,
    /// The module that it is.
    pub(crate) module: Module,
    /// The modules that it declares, tests left out.
    pub(crate) declares: Vec<String>,
    /// Every path that it names: imports, and paths in code.
    pub(crate) paths: Vec<Named>,
    /// Names that stand in it for something elsewhere, by its imports.
    imports: BTreeMap<String, Module>,
    /// The modules of which it imports everything.
    globs: Vec<Module>,
    /// What it defines itself.
    defines: BTreeSet<String>,
}

/// A path as a file names it.
pub(crate) struct Named {
    /// Absolute within the crate when it begins with `crate`; else as it is written (`std::fs::read`).
    pub(crate) segments: Vec<String>,
    /// Only handed on (`pub use`): a map of what is elsewhere, and no use of it.
    pub(crate) is_export: bool,
}

/// All files of one crate.
pub(crate) struct Crate {
    /// Its files.
    pub(crate) sources: Vec<Source>,
}

impl Crate {
    /// The crate whose sources are in this folder, from the project's folder.
    pub(crate) fn read(folder: &str) -> Self {
        let top = root().join(folder);
        let mut files = Vec::new();
        rust_files(&top, &mut files);
        let sources = files.iter().filter(|file| !is_test(&top, file)).map(|file| Source::read(&top, file)).collect();
        let mut all = Self { sources };
        let known: BTreeSet<Module> = all.sources.iter().map(|source| source.module.clone()).collect();
        for source in &mut all.sources {
            source.settle(&known);
        }
        all
    }

    /// The file in which a path of this crate ends, through everything that is only handed on.
    pub(crate) fn file_of(&self, path: &[String]) -> Option<usize> {
        self.walk(path.get(1..)?, 0)
    }

    fn walk(&self, path: &[String], depth: usize) -> Option<usize> {
        let mut at = self.index(&[])?;
        for (steps, name) in path.iter().enumerate() {
            let source = &self.sources[at];
            let inside: Module = source.module.iter().chain([name]).cloned().collect();
            if let Some(child) = self.index(&inside) {
                at = child;
            } else if source.defines.contains(name) || depth > 8 {
                return Some(at);
            } else if let Some(target) = source.imports.get(name) {
                let onwards: Module = target[1..].iter().chain(&path[steps + 1..]).cloned().collect();
                return self.walk(&onwards, depth + 1);
            } else {
                let through = source.globs.iter().filter(|glob| glob[0] == "crate").find_map(|glob| {
                    let onwards: Module = glob[1..].iter().chain(&path[steps..]).cloned().collect();
                    let found = self.walk(&onwards, depth + 1)?;
                    self.sources[found].defines.contains(name).then_some(found)
                });
                return Some(through.unwrap_or(at));
            }
        }
        Some(at)
    }

    fn index(&self, module: &[String]) -> Option<usize> {
        self.sources.iter().position(|source| source.module == module)
    }

    /// Which files each file uses, by their places in `sources`. A file that only hands a name on does not use it.
    pub(crate) fn uses(&self) -> Vec<BTreeSet<usize>> {
        let mut uses = Vec::new();
        for (own, source) in self.sources.iter().enumerate() {
            let named = source.paths.iter().filter(|path| !path.is_export && path.segments[0] == "crate");
            uses.push(named.filter_map(|path| self.file_of(&path.segments)).filter(|other| *other != own).collect());
        }
        uses
    }
}

impl Source {
    fn read(top: &Path, file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let mut module: Module = file
            .strip_prefix(top)
            .unwrap()
            .with_extension("")
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            module.pop();
        }
        let mut source = Self {
            path: file.strip_prefix(root()).unwrap().to_owned(),
            module,
            declares: Vec::new(),
            paths: Vec::new(),
            imports: BTreeMap::new(),
            globs: Vec::new(),
            defines: BTreeSet::new(),
        };
        source.take_in(&tokens);
        source
    }

    fn take_in(&mut self, tokens: &[String]) {
        let mut at = 0;
        while at < tokens.len() {
            let token = tokens[at].as_str();
            let next = tokens.get(at + 1).map(String::as_str).unwrap_or_default();
            let before = if at == 0 { "" } else { tokens[at - 1].as_str() };
            match token {
                "use" => {
                    let is_export = before == "pub" || before == ")";
                    at = self.import(tokens, at + 1, is_export);
                    continue;
                }
                "mod" if tokens.get(at + 2).is_some_and(|token| token == ";") => self.declares.push(next.to_owned()),
                "struct" | "enum" | "trait" | "fn" | "const" | "static" | "type" | "union" | "macro_rules" => {
                    let name = if next == "!" || next == "mut" { tokens.get(at + 2) } else { tokens.get(at + 1) };
                    self.defines.extend(name.cloned());
                }
                _ if next == "::" && is_name(token) && before != "::" && before != "in" => {
                    let mut segments = Vec::new();
                    let mut end = at;
                    while is_name(&tokens[end]) {
                        segments.push(tokens[end].clone());
                        match tokens.get(end + 1..end + 3) {
                            Some([colons, name]) if colons == "::" && is_name(name) => end += 2,
                            _ => break,
                        }
                    }
                    self.paths.push(Named { segments, is_export: false });
                    at = end;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads one `use` tree; returns where it ends.
    fn import(&mut self, tokens: &[String], mut at: usize, is_export: bool) -> usize {
        let mut stack: Vec<usize> = Vec::new();
        let mut path: Vec<String> = Vec::new();
        let mut named: Option<String> = None;
        while at < tokens.len() {
            match tokens[at].as_str() {
                "::" => {}
                "{" => stack.push(path.len()),
                end @ ("," | "}" | ";") => {
                    let base = stack.last().copied().unwrap_or(0);
                    if path.len() > base {
                        self.bind(std::mem::take(&mut named), &path, is_export);
                    }
                    path.truncate(base);
                    if end == "}" {
                        stack.pop();
                    }
                    if end == ";" {
                        return at + 1;
                    }
                }
                "as" => {
                    named = tokens.get(at + 1).cloned();
                    at += 1;
                }
                name => path.push(name.to_owned()),
            }
            at += 1;
        }
        at
    }

    fn bind(&mut self, named: Option<String>, path: &[String], is_export: bool) {
        let mut segments = path.to_vec();
        match segments.last().map(String::as_str) {
            Some("*") => {
                segments.pop();
                self.globs.push(segments.clone());
            }
            Some("self") if segments.len() > 1 => {
                segments.pop();
                self.imports.insert(named.unwrap_or_else(|| segments[segments.len() - 1].clone()), segments.clone());
            }
            Some(last) => {
                self.imports.insert(named.unwrap_or_else(|| last.to_owned()), segments.clone());
            }
            None => return,
        }
        self.paths.push(Named { segments, is_export });
    }

    /// Makes every path that begins in this crate begin with `crate`.
    fn settle(&mut self, known: &BTreeSet<Module>) {
        let module = self.module.clone();
        let absolute = |path: &mut Vec<String>| {
            let mut base = module.clone();
            let mut taken = 0;
            match path.first().map(String::as_str) {
                Some("crate") => return,
                Some("self") => taken = 1,
                Some("super") => {
                    while path.get(taken).is_some_and(|step| step == "super") {
                        base.pop();
                        taken += 1;
                    }
                }
                Some(name) => {
                    let child: Module = module.iter().cloned().chain([name.to_owned()]).collect();
                    if !known.contains(&child) {
                        return;
                    }
                }
                None => return,
            }
            *path = ["crate".to_owned()].into_iter().chain(base).chain(path[taken..].iter().cloned()).collect();
        };
        self.paths.iter_mut().for_each(|named| absolute(&mut named.segments));
        self.imports.values_mut().for_each(absolute);
        self.globs.iter_mut().for_each(absolute);
        self.imports.retain(|_, path| path.first().is_some_and(|first| first == "crate"));
    }
}

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder.
pub(crate) fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    for path in found {
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// `tests.rs` and what is below a folder `tests`.
fn is_test(top: &Path, file: &Path) -> bool {
    let inside = file.strip_prefix(top).unwrap().with_extension("");
    inside.components().any(|part| part.as_os_str() == "tests")
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// The tokens one after the other, `::` as one of them, without what is compiled for tests only.
fn flatten(stream: TokenStream, into: &mut Vec<String>) {
    let mut trees = stream.into_iter().peekable();
    let mut is_for_tests = false;
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                if let Some(TokenTree::Group(group)) = trees.peek()
                    && group.delimiter() == Delimiter::Bracket
                {
                    is_for_tests |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                    trees.next();
                }
            }
            _ if is_for_tests => {
                let ends = match &tree {
                    TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                    TokenTree::Punct(mark) => mark.as_char() == ';',
                    _ => false,
                };
                is_for_tests = !ends;
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                into.push(open.to_owned());
                flatten(group.stream(), into);
                into.push(close.to_owned());
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && mark.spacing() == proc_macro2::Spacing::Joint => {
                if let Some(TokenTree::Punct(second)) = trees.peek()
                    && second.as_char() == ':'
                {
                    trees.next();
                    into.push("::".to_owned());
                } else {
                    into.push(":".to_owned());
                }
            }
            other => into.push(other.to_string()),
        }
    }
}
