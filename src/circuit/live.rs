//! Parameters whose value moves while the circuit runs: `.global_param drive={sin(6.28k*time)}`, as Xyce has them.
//!
//! What depends on the time, the frequency or the circuit is no number: its expression is put where its name stands, before
//! anything else looks at the netlist. There it counts like any expression of circuit quantities. An independent source with
//! such a value is a behavioural one, and so is an inductor, whose voltage is L·di/dt, or that of its flux by time.

use crate::diagnostic::Spanned;
use crate::netlist::ast::{Arg, Assign, BinaryOp, Element, Expr, ExprKind, Item, Netlist, Subckt};
use std::borrow::Cow;
use std::collections::HashMap;

/// Most operations that names may grow to, over the whole netlist.
const MOST: usize = 100_000;

type Live = HashMap<String, Expr>;

/// The netlist without such parameters.
pub(super) fn substituted(netlist: Cow<'_, Netlist>) -> Cow<'_, Netlist> {
    let mut live = Live::new();
    // As in ngspice, the last definition of a parameter counts.
    let mut given: HashMap<&str, &Expr> = HashMap::new();
    for item in &netlist.items {
        if let Item::Param(a) = item {
            match &*a.value {
                Arg::Expr(e) => _ = given.insert(&a.key.value, e),
                _ => _ = given.remove(a.key.value.as_str()),
            }
        }
    }
    let is_given = |name: &str| given.contains_key(name);
    // One depends on another that moves: again, until nothing is added.
    loop {
        let before = live.len();
        for (name, expr) in &given {
            if !live.contains_key(*name) && moves(expr, &|ident| live.contains_key(ident), &is_given) {
                live.insert((*name).to_string(), (*expr).clone());
            }
        }
        if live.len() == before {
            break;
        }
    }
    fn any_source(items: &[Item]) -> bool {
        items.iter().any(|i| match i {
            Item::Element(e) => is_moving_source(e),
            Item::Subckt(s) => any_source(&s.items),
            _ => false,
        })
    }
    if live.is_empty() && !any_source(&netlist.items) {
        return netlist;
    }
    let mut maker = Maker { live, busy: Vec::new(), left: MOST };
    let items = maker.items(&netlist.items, &[]);
    Cow::Owned(Netlist { title: netlist.title.clone(), items, sources: netlist.sources.clone() })
}

/// Does it name the time, the frequency or the circuit, or something that moves?
fn moves(expr: &Expr, live: &dyn Fn(&str) -> bool, given: &dyn Fn(&str) -> bool) -> bool {
    expr.any(&|e| match &e.kind {
        ExprKind::Circuit(_) => true,
        ExprKind::Ident(name) => {
            let of_the_run = matches!(name.as_str(), "time" | "freq" | "hertz" | "frequency");
            live(name) || of_the_run && !given(name)
        }
        _ => false,
    })
}

/// `V1 a b {2*time}`, `L1 a b L={1m*(1+i(l1))}`: a source or an inductor whose only value moves.
fn is_moving_source(e: &Element) -> bool {
    let never = |_: &str| false;
    let value = match (e.letter, &e.args[..]) {
        ('v' | 'i' | 'l', [_, _, Arg::Expr(value)]) => value,
        ('l', [_, _, Arg::Assign(Assign { key, value })]) if key.value == "l" => match &**value {
            Arg::Expr(value) => value,
            _ => return false,
        },
        ('l', [_, _, Arg::Assign(Assign { key, value })]) if key.value == "flux" => {
            return matches!(&**value, Arg::Expr(_));
        }
        _ => return false,
    };
    moves(value, &never, &never)
}

/// It is a behavioural source.
fn as_behavioural(e: &mut Element) {
    if !is_moving_source(e) {
        return;
    }
    let (value, is_flux) = match e.args.pop() {
        Some(Arg::Assign(a)) => (*a.value, a.key.value == "flux"),
        Some(other) => (other, false),
        None => return,
    };
    let span = value.span();
    let call = |name: &str, of: Expr| {
        let name = Spanned { value: name.to_string(), span };
        Expr { kind: ExprKind::Call(name, vec![of]), span }
    };
    let current = call("i", Expr { kind: ExprKind::Circuit(e.name.value.clone()), span });
    let (quantity, value) = match (e.letter, value) {
        // v = dΦ/dt with the current called x, as in LTspice.
        ('l', Arg::Expr(mut flux)) if is_flux => {
            put_in(&mut flux, "x", &current);
            ("v".to_string(), Arg::Expr(call("ddt", flux)))
        }
        // v = L·di/dt, as in ngspice.
        ('l', Arg::Expr(inductance)) => {
            let kind = ExprKind::Binary(BinaryOp::Mul, Box::new(inductance), Box::new(call("ddt", current)));
            ("v".to_string(), Arg::Expr(Expr { kind, span }))
        }
        (letter, value) => (letter.to_string(), value),
    };
    e.letter = 'b';
    e.args.push(Arg::Assign(Assign { key: Spanned { value: quantity, span }, value: Box::new(value) }));
}

/// Puts `value` where this name stands.
fn put_in(expr: &mut Expr, name: &str, value: &Expr) {
    if matches!(&expr.kind, ExprKind::Ident(found) if found == name) {
        expr.kind = value.kind.clone();
    } else {
        expr.children_mut().for_each(|child| put_in(child, name, value));
    }
}

struct Maker {
    live: Live,
    /// Names that are being put in: one inside itself stays, and is told as undefined.
    busy: Vec<String>,
    left: usize,
}

impl Maker {
    /// `hidden`: names that mean something else here.
    fn items(&mut self, items: &[Item], hidden: &[&str]) -> Vec<Item> {
        items.iter().filter_map(|item| self.item(item, hidden)).collect()
    }

    fn item(&mut self, item: &Item, hidden: &[&str]) -> Option<Item> {
        let mut item = item.clone();
        match &mut item {
            Item::Element(e) => {
                e.args.iter_mut().for_each(|a| self.arg(a, hidden));
                as_behavioural(e);
            }
            Item::Model(m) => m.params.iter_mut().for_each(|a| self.arg(a, hidden)),
            Item::Card(c) if c.name.value == "data" => {}
            Item::Card(c) => c.args.iter_mut().for_each(|a| self.arg(a, hidden)),
            Item::Param(a) => {
                if self.live.contains_key(&a.key.value) && !hidden.contains(&a.key.value.as_str()) {
                    return None;
                }
                self.arg(&mut a.value, hidden);
            }
            Item::Func(f) => {
                let all: Vec<&str> = hidden.iter().copied().chain(f.args.iter().map(|a| a.value.as_str())).collect();
                let mut body = f.body.clone();
                self.expr(&mut body, &all);
                f.body = body;
            }
            Item::Subckt(s) => {
                let own = s.items.iter().filter_map(|i| match i {
                    Item::Param(a) => Some(a.key.value.as_str()),
                    _ => None,
                });
                let all: Vec<&str> =
                    hidden.iter().copied().chain(s.params.iter().map(|a| a.key.value.as_str())).chain(own).collect();
                let items = self.items(&s.items, &all);
                return Some(Item::Subckt(Subckt { items, ..s.clone() }));
            }
        }
        Some(item)
    }

    fn arg(&mut self, arg: &mut Arg, hidden: &[&str]) {
        match arg {
            Arg::Expr(e) => self.expr(e, hidden),
            Arg::Assign(a) => {
                // A parameter may stand behind a key without braces.
                if let Arg::Word { text, number: None, .. } = &*a.value
                    && let Some(e) = self.meant(text, hidden)
                {
                    *a.value = Arg::Expr(e);
                } else {
                    self.arg(&mut a.value, hidden);
                }
            }
            Arg::Call { args, .. } => args.iter_mut().for_each(|a| self.arg(a, hidden)),
            Arg::Word { .. } | Arg::Text(_) => {}
        }
    }

    /// What a name stands for, with all names in it put in.
    fn meant(&mut self, name: &str, hidden: &[&str]) -> Option<Expr> {
        if hidden.contains(&name) || self.busy.iter().any(|b| b == name) || self.left == 0 {
            return None;
        }
        let mut e = self.live.get(name)?.clone();
        self.left -= 1;
        self.busy.push(name.to_string());
        // Its own names mean what they mean at the top.
        self.expr(&mut e, &[]);
        self.busy.pop();
        Some(e)
    }

    fn expr(&mut self, expr: &mut Expr, hidden: &[&str]) {
        match &expr.kind {
            ExprKind::Ident(name) => {
                if let Some(e) = self.meant(name, hidden) {
                    // It is called what stands here.
                    expr.kind = e.kind;
                }
            }
            _ => expr.children_mut().for_each(|e| self.expr(e, hidden)),
        }
    }
}
