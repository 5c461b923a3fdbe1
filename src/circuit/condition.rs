//! `.if (condition)`, `.elseif`, `.else`, `.endif`: which lines of a netlist count.
//!
//! Conditions are expressions of the parameters that stand outside of all branches, at the top of the netlist.

use super::context::Elab;
use super::*;
use crate::netlist::ast::{Arg, Card, Item, Subckt};
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
    let items = select(&netlist.items, &outer, request, &mut said);
    (Cow::Owned(Netlist { title: netlist.title.clone(), items, sources: netlist.sources.clone() }), said)
}

fn select(items: &[Item], outer: &Netlist, request: &Request, said: &mut Vec<Diagnostic>) -> Vec<Item> {
    let mut out = Vec::new();
    let mut open: Vec<Branch> = Vec::new();
    for item in items {
        let on = open.last().is_none_or(|b| b.on);
        let Some((name, card)) = word(item) else {
            match item {
                _ if !on => {}
                Item::Subckt(s) => {
                    let items = select(&s.items, outer, request, said);
                    out.push(Item::Subckt(Subckt { items, ..s.clone() }));
                }
                other => out.push(other.clone()),
            }
            continue;
        };
        if name == "if" {
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
