//! `.if (condition)`, `.elseif`, `.else`, `.endif`: which lines of a netlist count.
//!
//! Conditions are expressions of the parameters that stand outside of all branches, at the top of the netlist. In a subcircuit they
//! may name its own parameters, too: such a block is left where it is, and every instance chooses among its elements.

use super::context::Elab;
use super::*;
use crate::netlist::ast::{Arg, Card, Expr, ExprKind, Item, Subckt};
use std::borrow::Cow;

/// An `.if` that is open.
struct Branch {
    span: Span,
    /// Do the lines around it count?
    outer: bool,
    /// Do its present lines?
    on: bool,
    /// Has a branch of it counted yet?
    taken: bool,
}

/// The name of a card of conditions.
fn word(item: &Item) -> Option<(&str, &Card)> {
    match item {
        Item::Card(card) => {
            let name = card.name.value.as_str();
            matches!(name, "if" | "elseif" | "else" | "endif").then_some((name, card))
        }
        _ => None,
    }
}

fn has_conditions(items: &[Item]) -> bool {
    items.iter().any(|i| word(i).is_some() || matches!(i, Item::Subckt(s) if has_conditions(&s.items)))
}

/// The items outside of all branches.
fn outside(items: &[Item]) -> Vec<Item> {
    let mut depth = 0usize;
    let mut out = Vec::new();
    for item in items {
        match word(item) {
            Some(("if", _)) => depth += 1,
            Some(("endif", _)) => depth = depth.saturating_sub(1),
            Some(_) => {}
            None if depth == 0 && !matches!(item, Item::Element(_) | Item::Subckt(_)) => out.push(item.clone()),
            None => {}
        }
    }
    out
}

/// The netlist of the lines that count, and what is wrong with its conditions.
pub(super) fn chosen<'n>(netlist: &'n Netlist, request: &Request) -> (Cow<'n, Netlist>, Vec<Diagnostic>) {
    if !has_conditions(&netlist.items) {
        return (Cow::Borrowed(netlist), Vec::new());
    }
    let outer =
        Netlist { title: netlist.title.clone(), items: outside(&netlist.items), sources: netlist.sources.clone() };
    let mut said = Vec::new();
    let items = select(&netlist.items, &outer, request, &[], &mut said);
    (Cow::Owned(Netlist { title: netlist.title.clone(), items, sources: netlist.sources.clone() }), said)
}

/// `own`: parameters of the subcircuits that the items stand in.
fn select(items: &[Item], outer: &Netlist, request: &Request, own: &[&str], said: &mut Vec<Diagnostic>) -> Vec<Item> {
    let mut out = Vec::new();
    let mut open: Vec<Branch> = Vec::new();
    let mut left_until = 0;
    for (at, item) in items.iter().enumerate() {
        if at < left_until {
            out.push(item.clone());
            continue;
        }
        let on = open.last().is_none_or(|b| b.on);
        let Some((name, card)) = word(item) else {
            match item {
                _ if !on => {}
                Item::Subckt(s) => {
                    let inner = s.items.iter().filter_map(|i| if let Item::Param(a) = i { Some(&a.key) } else { None });
                    let names = s.params.iter().map(|a| &a.key).chain(inner).map(|k| k.value.as_str());
                    let own: Vec<&str> = own.iter().copied().chain(names).collect();
                    let items = select(&s.items, outer, request, &own, said);
                    out.push(Item::Subckt(Subckt { items, ..s.clone() }));
                }
                other => out.push(other.clone()),
            }
            continue;
        };
        if name == "if" {
            let end = end_of_block(items, at);
            if on && items.get(at..end).unwrap_or(&[]).iter().filter_map(word).any(|(_, c)| names_any(c, own)) {
                left_until = end;
                out.push(item.clone());
                continue;
            }
            let holds = on && holds(card, outer, request, said);
            open.push(Branch { span: card.span, outer: on, on: holds, taken: holds });
            continue;
        }
        let Some(branch) = open.last_mut() else {
            said.push(Diagnostic::error("bad-if", format!(".{name} without an .if"), card.span));
            continue;
        };
        match name {
            "elseif" => {
                branch.on = branch.outer && !branch.taken && holds(card, outer, request, said);
                branch.taken |= branch.on;
            }
            "else" => {
                branch.on = branch.outer && !branch.taken;
                branch.taken = true;
            }
            _ => {
                open.pop();
            }
        }
    }
    said.extend(open.iter().map(|b| Diagnostic::error("bad-if", "this .if has no .endif", b.span)));
    out
}

/// Behind the `.endif` of the `.if` that stands at `from`.
fn end_of_block(items: &[Item], from: usize) -> usize {
    let mut depth = 0usize;
    for (k, item) in items.iter().enumerate().skip(from) {
        match word(item) {
            Some(("if", _)) => depth += 1,
            Some(("endif", _)) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return k + 1;
                }
            }
            _ => {}
        }
    }
    items.len()
}

/// Does the condition of a card name one of these?
fn names_any(card: &Card, names: &[&str]) -> bool {
    let named = |e: &Expr| matches!(&e.kind, ExprKind::Ident(name) if names.contains(&name.as_str()));
    matches!(&card.args[..], [Arg::Expr(e)] if e.any(&named))
}

/// What must hold for the lines that follow, in a block that an instance chooses from.
#[derive(Default)]
pub(super) struct Guards<'a> {
    /// For each open block: the conditions before the present branch, and its own.
    open: Vec<(Vec<&'a Expr>, Option<&'a Expr>)>,
}

/// Conditions and whether they must be true.
pub(super) type Guard<'a> = Vec<(&'a Expr, bool)>;

impl<'a> Guards<'a> {
    /// Takes a card of conditions; false if the item is none.
    pub fn take(&mut self, item: &'a Item) -> bool {
        let Some((name, card)) = word(item) else { return false };
        let condition = match &card.args[..] {
            [Arg::Expr(e)] => Some(e),
            _ => None,
        };
        match name {
            "if" => self.open.push((Vec::new(), condition)),
            "endif" => {
                self.open.pop();
            }
            _ => {
                if let Some((before, now)) = self.open.last_mut() {
                    before.extend(now.take());
                    *now = condition;
                }
            }
        }
        true
    }

    /// The conditions of a line that stands here; none outside of all blocks.
    pub fn here(&self) -> Guard<'a> {
        let of = |(before, now): &(Vec<&'a Expr>, Option<&'a Expr>)| {
            before.iter().map(|e| (*e, false)).chain(now.iter().map(|e| (*e, true))).collect::<Vec<_>>()
        };
        self.open.iter().flat_map(of).collect()
    }
}

/// Does the condition of a card hold?
fn holds(card: &Card, outer: &Netlist, request: &Request, said: &mut Vec<Diagnostic>) -> bool {
    // The condition belongs to the netlist that is looked through, not to the one of outer lines.
    let [Arg::Expr(condition)] = &card.args[..] else {
        let d = Diagnostic::error("bad-if", format!(".{} needs a condition", card.name.value), card.span);
        said.push(d.help("write .if (width > 1u)"));
        return false;
    };
    let mut elab = Elab::new(outer, request);
    let top = elab.top_scope(&outer.items);
    elab.read_options(top);
    let value = elab.constant(condition, top);
    said.extend(elab.report.finish().into_iter().filter(|d| d.severity == Severity::Error));
    value.is_some_and(|x| x != 0.0)
}
