//! A source file with all of its mutants in it, each behind a switch.
//!
//! The text is changed and not the syntax tree, so that everything else stays where it is. What a mutant puts in the
//! place of an expression has the original operands, without their own mutants, because only one is on at a time: so
//! the text does not double with each level.
//!
//! Marks in comments show which text belongs to which mutants, so that an error of the compiler can be told to one.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::Failure;
use crate::list::Mutant;
use crate::tree::LeftOut;

/// A text, and the mutants of each of its marked parts.
pub(crate) struct Spliced {
    pub(crate) text: String,
    pub(crate) marked: Vec<(Range<usize>, Range<usize>)>,
    /// The mutants that have no place in it: they are in a constant.
    pub(crate) constant: Vec<usize>,
    /// The mutants whose change is no change of one expression.
    pub(crate) unviable: Vec<usize>,
}

/// This text with these mutants of it. What is left out stays as it is.
pub(crate) fn splice(text: &str, mutants: &[&Mutant], left_out: &LeftOut) -> Result<Spliced, Failure> {
    let file = syn::parse_file(text)?;
    let lines: Vec<usize> =
        std::iter::once(0).chain(text.char_indices().filter(|(_, c)| *c == '\n').map(|(at, _)| at + 1)).collect();
    let offset = |(line, column): (usize, usize)| {
        let start = lines[line - 1];
        start + text[start..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
    };
    let mut wanted: HashMap<(String, usize), Vec<&Mutant>> = HashMap::new();
    for mutant in mutants {
        wanted.entry((mutant.genre.clone(), offset(mutant.start))).or_default().push(mutant);
    }
    let mut constants = Constants { text, wanted, edits: Vec::new(), other: HashMap::new(), within: None };
    constants.visit_file(&file);
    let Constants { wanted, edits, other, .. } = constants;
    let unused = other.values().flatten().map(|(id, _)| *id).collect();
    let mut finder = Finder { text, wanted, edits, left_out, unviable: Vec::new(), other, unused };
    finder.visit_file(&file);
    let Finder { wanted, mut edits, unviable, unused, .. } = finder;
    edits.sort_by_key(|edit| (edit.range.start, !edit.range.is_empty(), Reverse(edit.range.end)));
    let mut out = Out { text, edits: &edits, out: String::new() };
    out.render(0..text.len(), 0);
    let text = out.out;
    let marked = marks(&text);
    let constant = wanted.into_values().flatten().map(|mutant| mutant.id).chain(unused).collect();
    Ok(Spliced { text, marked, constant, unviable })
}

/// One change of the text.
struct Edit {
    range: Range<usize>,
    how: How,
}

enum How {
    /// This text, in the place of the range.
    Text(String),
    /// One of several expressions. Each mutant has its number and its text.
    Switch(Vec<(usize, String)>),
    /// A guard: the numbers of `true` and of `false`.
    Guard { is_true: Option<usize>, all: Vec<usize> },
}

/// Finds constants with mutants. Each mutant becomes another constant beside it, and where the file uses the constant,
/// one of them is chosen.
struct Constants<'a> {
    text: &'a str,
    wanted: HashMap<(String, usize), Vec<&'a Mutant>>,
    edits: Vec<Edit>,
    /// By the name of a constant, the numbers of its mutants and the names of the other constants.
    other: HashMap<String, Vec<(usize, String)>>,
    /// The constant, and where it is.
    within: Option<(String, Range<usize>, Range<usize>)>,
}

impl<'ast> Visit<'ast> for Constants<'_> {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        let start = item.const_token.span.byte_range().start;
        self.within = Some((item.ident.to_string(), start..range(item).end, range(&item.ident)));
        self.visit_expr(&item.expr);
        self.within = None;
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if let Some((name, all, ident)) = self.within.clone() {
            let op = range(&binary.op);
            for mutant in self.wanted.remove(&("BinaryOperator".to_owned(), op.start)).unwrap_or_default() {
                let (id, new, text) = (mutant.id, &mutant.replacement, self.text);
                let other = format!("{name}_{id}");
                let before = format!("{}{other}{}", &text[all.start..ident.start], &text[ident.end..op.start]);
                let changed = format!("\n/*@{id}+1(*/ {before}{new}{} /*)@*/", &text[op.end..all.end]);
                self.edits.push(Edit { range: all.end..all.end, how: How::Text(changed) });
                self.other.entry(name.clone()).or_default().push((id, other));
            }
        }
        visit::visit_expr_binary(self, binary);
    }
}

struct Finder<'a> {
    text: &'a str,
    /// By genre and place. What is left at the end has no place.
    wanted: HashMap<(String, usize), Vec<&'a Mutant>>,
    edits: Vec<Edit>,
    left_out: &'a LeftOut,
    unviable: Vec<usize>,
    /// See [`Constants`].
    other: HashMap<String, Vec<(usize, String)>>,
    /// Those of them that were not used yet.
    unused: BTreeSet<usize>,
}

impl Finder<'_> {
    fn take(&mut self, genre: &str, at: usize) -> Vec<(usize, String)> {
        let found = self.wanted.remove(&(genre.to_owned(), at)).unwrap_or_default();
        found.into_iter().map(|mutant| (mutant.id, mutant.replacement.clone())).collect()
    }

    fn replace(&mut self, range: Range<usize>, mutants: Vec<(usize, String)>) {
        if !mutants.is_empty() {
            self.edits.push(Edit { range, how: How::Switch(mutants) });
        }
    }

    fn insert(&mut self, at: usize, text: String) {
        self.edits.push(Edit { range: at..at, how: How::Text(text) });
    }

    /// A function: `const` is taken away, unless a constant needs it.
    fn function(&mut self, sig: &syn::Signature, block: &syn::Block) -> bool {
        if let Some(token) = &sig.constness {
            if self.left_out.constant.contains(&sig.ident.to_string()) {
                return false;
            }
            let range = range(token);
            self.edits.push(Edit { range, how: How::Text(String::new()) });
        }
        let Some(first) = block.stmts.first() else { return true };
        let values = self.take("FnValue", range(first).start);
        if values.is_empty() {
            return true;
        }
        let is_impl =
            matches!(&sig.output, syn::ReturnType::Type(_, kind) if matches!(**kind, syn::Type::ImplTrait(_)));
        let wrap = if is_impl { "crate::mutation::Few::mutated" } else { "" };
        let ids: Vec<usize> = values.iter().map(|(id, _)| *id).collect();
        let mut text = format!("if !{} {{\n", off(&ids));
        for (id, value) in values {
            let mark = format!("/*@{id}+1(*/ return {wrap}({value}); /*)@*/");
            let loom = if self.left_out.loom.contains(&id) { "#[cfg(not(loom))] " } else { "" };
            text.push_str(&format!("{loom}if crate::mutation::on({id}) {{ {mark} }}\n"));
        }
        text.push_str("}\n");
        if is_impl {
            text.push_str(&format!("crate::mutation::Few::Original(/*@{}+{}(*/{{", ids[0], ids.len()));
            self.insert(range(&block.brace_token.span.close()).start, "}/*)@*/)".into());
        }
        self.insert(range(&block.brace_token.span.open()).end, text);
        true
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if self.function(&item.sig, &item.block) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if self.function(&item.sig, &item.block) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if item.default.as_ref().is_none_or(|block| self.function(&item.sig, block)) {
            visit::visit_trait_item_fn(self, item);
        }
    }

    // Nothing can be switched in a constant, in a type or in a pattern.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            self.visit_local_init(init);
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let others = path.path.get_ident().and_then(|name| self.other.get(&name.to_string())).cloned();
        if let Some(others) = others {
            others.iter().for_each(|(id, _)| _ = self.unused.remove(id));
            self.replace(range(path), others);
        }
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let (left, op, right) = (range(&*binary.left), range(&binary.op), range(&*binary.right));
        let mutants = self.take("BinaryOperator", op.start);
        if has_let(&binary.left) || has_let(&binary.right) {
            self.unviable.extend(mutants.iter().map(|(id, _)| *id));
        } else {
            let text =
                |new: String| format!("{}{new}{}", &self.text[left.start..op.start], &self.text[op.end..right.end]);
            let mutants = mutants.into_iter().map(|(id, new)| (id, text(new))).collect();
            self.replace(left.start..right.end, mutants);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let op = range(&unary.op);
        let all = op.start..range(&*unary.expr).end;
        let mutants = self.take("UnaryOperator", op.start);
        let mutants = mutants.into_iter().map(|(id, _)| (id, self.text[op.end..all.end].to_owned())).collect();
        self.replace(all, mutants);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_match(&mut self, matched: &'ast syn::ExprMatch) {
        // Without a last arm for everything else, no other one can be left out.
        let takes_all = |arm: &syn::Arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none();
        if !matched.arms.iter().any(takes_all) {
            for arm in &matched.arms {
                let mutants = self.take("MatchArm", range(arm).start);
                self.unviable.extend(mutants.iter().map(|(id, _)| *id));
            }
        }
        visit::visit_expr_match(self, matched);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let deleted = self.take("MatchArm", range(arm).start);
        for (id, _) in deleted {
            self.insert(range(&arm.pat).end, format!(" /*@{id}+1(*/ if {} /*)@*/", off(&[id])));
        }
        if let Some((_, guard)) = &arm.guard {
            let mutants = self.take("MatchArmGuard", range(&**guard).start);
            if has_let(guard) {
                self.unviable.extend(mutants.iter().map(|(id, _)| *id));
            } else if !mutants.is_empty() {
                let is_true = mutants.iter().find(|(_, new)| new == "true").map(|(id, _)| *id);
                let how = How::Guard { is_true, all: mutants.iter().map(|(id, _)| *id).collect() };
                self.edits.push(Edit { range: range(&**guard), how });
            }
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, literal: &'ast syn::ExprStruct) {
        let all = range(literal);
        let mut mutants = Vec::new();
        for pair in literal.fields.pairs() {
            let field = range(*pair.value());
            let end = pair.punct().map_or(field.end, |comma| range(*comma).end);
            for (id, _) in self.take("StructField", field.start) {
                mutants.push((id, format!("{}{}", &self.text[all.start..field.start], &self.text[end..all.end])));
            }
        }
        self.replace(all, mutants);
        visit::visit_expr_struct(self, literal);
    }
}

/// Where this is in the text.
fn range(spanned: &impl Spanned) -> Range<usize> {
    spanned.span().byte_range()
}

/// A condition with `let` in it is no expression.
fn has_let(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// The condition that none of these is on. Those of one place have consecutive numbers, but some may not compile.
fn off(ids: &[usize]) -> String {
    let (first, last) = (ids[0], ids[ids.len() - 1]);
    format!("crate::mutation::off({first}, {})", last - first + 1)
}

struct Out<'a> {
    text: &'a str,
    edits: &'a [Edit],
    out: String,
}

impl Out<'_> {
    /// This part of the text with its edits from this number on.
    fn render(&mut self, part: Range<usize>, from: usize) {
        let mut at = part.start;
        let mut next = from;
        while let Some(edit) = self.edits.get(next) {
            let number = next;
            next += 1;
            let (start, end) = (edit.range.start, edit.range.end);
            if start > part.end || (start == part.end && end > start) {
                break;
            }
            // What only touches the part is outside, and what lies in the edit before is done.
            let touches =
                edit.range.is_empty() && part != (0..self.text.len()) && (start <= part.start || start >= part.end);
            if start < at || end > part.end || touches {
                continue;
            }
            self.out.push_str(&self.text[at..start]);
            self.edit(edit, number + 1);
            at = end;
        }
        self.out.push_str(&self.text[at..part.end]);
    }

    fn edit(&mut self, edit: &Edit, from: usize) {
        match &edit.how {
            How::Text(text) => self.out.push_str(text),
            How::Switch(mutants) => {
                let ids: Vec<usize> = mutants.iter().map(|(id, _)| *id).collect();
                let count = ids[ids.len() - 1] - ids[0] + 1;
                self.out.push_str(&format!("/*@{}+{count}(*/(if {} {{ ", ids[0], off(&ids)));
                self.render(edit.range.clone(), from);
                for (id, text) in mutants {
                    let branch = format!("/*@{id}+1(*/ {text} /*)@*/");
                    if *id == ids[ids.len() - 1] {
                        self.out.push_str(&format!(" }} else {{\n{branch}\n"));
                    } else {
                        self.out.push_str(&format!(" }} else if crate::mutation::on({id}) {{\n{branch}\n"));
                    }
                }
                self.out.push_str("})/*)@*/");
            }
            How::Guard { is_true, all } => {
                let count = all[all.len() - 1] - all[0] + 1;
                self.out.push_str(&format!("/*@{}+{count}(*/({} && (", all[0], off(all)));
                self.render(edit.range.clone(), from);
                self.out.push_str("))");
                if let Some(id) = is_true {
                    self.out.push_str(&format!(" || crate::mutation::on({id})"));
                }
                self.out.push_str("/*)@*/");
            }
        }
    }
}

/// The marked parts, with the numbers of their mutants.
fn marks(text: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(next) = text[at..].find("/*").map(|next| at + next) {
        let rest = &text[next..];
        if let Some(ids) = rest.strip_prefix("/*@").and_then(|rest| rest.split_once("(*/")).map(|(ids, _)| ids)
            && let Some((first, count)) = ids.split_once('+')
            && let (Ok(first), Ok(count)) = (first.parse::<usize>(), count.parse::<usize>())
        {
            open.push((next, first..first + count));
        } else if rest.starts_with("/*)@*/")
            && let Some((start, ids)) = open.pop()
        {
            found.push((start..next, ids));
        }
        at = next + 2;
    }
    found
}
