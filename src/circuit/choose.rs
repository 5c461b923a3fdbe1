//! What an element line is: its kind by letter, model type and level, and which of its words are nodes, references and
//! the model.

use super::context::{Elab, Flat};
use super::measure::mentions_circuit;
use super::nearest::did_you_mean;
use super::scope::ScopeId;
use super::*;
use crate::device::{DeviceSpec, KINDS, ModelUse, OtherForm, ParamKind};
use crate::netlist::ast::{Arg, Assign, Element, ModelCard};

/// An element line with its words told apart.
#[derive(Clone)]
pub(super) struct Chosen<'a> {
    pub kind: &'static dyn Kind,
    /// One node per terminal.
    pub nodes: Vec<NodeId>,
    /// Names of the instances it refers to.
    pub controls: Vec<(&'a str, Span)>,
    /// Its model card, the scope of the card, and where it is named.
    pub model: Option<(&'a ModelCard, ScopeId, Span)>,
    /// What is left: values, parameters, flags, source functions.
    pub rest: Vec<&'a Arg>,
    /// If the line has another letter than the kind: how it is read.
    pub form: Option<OtherForm>,
}

/// How an element of this kind is written, for help texts.
pub(super) fn line_form(spec: &DeviceSpec) -> String {
    let mut form = match spec.letter {
        'y' => format!("Y{} name", spec.name),
        letter => format!("{}1", letter.to_ascii_uppercase()),
    };
    for t in spec.terminals {
        form += &if t.optional { format!(" [{}]", t.name) } else { format!(" {}", t.name) };
    }
    for c in spec.controls {
        form += &format!(" {}", c.name);
    }
    if spec.more_controls {
        form += " …";
    }
    form += match spec.model {
        ModelUse::None => "",
        ModelUse::Optional => " [model]",
        ModelUse::Required => " model",
    };
    for p in spec.positional {
        form += &format!(" [{p}]");
    }
    if !spec.functions.is_empty() {
        form += " [function(…)]";
    }
    form
}

impl<'a> Elab<'a> {
    /// Decides what element line `k` is. Interns its nodes.
    pub fn choose_kind(&mut self, k: usize) {
        let Some(flat) = self.flat.get(k) else { return };
        let (element, scope) = (flat.element, flat.scope);
        let chosen = self.find_kind(element, scope).and_then(|(kind, form)| self.split_line(k, kind, form));
        if let Some(flat) = self.flat.get_mut(k) {
            flat.chosen = chosen;
        }
    }

    fn find_kind(&mut self, element: &'a Element, scope: ScopeId) -> Option<(&'static dyn Kind, Option<OtherForm>)> {
        let assigns: Vec<&'a Assign> = element
            .args
            .iter()
            .filter_map(|a| match a {
                Arg::Assign(assign) => Some(assign),
                _ => None,
            })
            .collect();
        for kind in KINDS {
            for form in kind.spec().other_forms {
                if form.letter == element.letter && assigns.iter().any(|a| a.key.value == form.key) {
                    return Some((*kind, Some(*form)));
                }
            }
        }
        let device_type = element.device_type.as_ref().map(|t| t.value.as_str());
        let candidates: Vec<&'static dyn Kind> = KINDS
            .iter()
            .copied()
            .filter(|k| match device_type {
                // `YMEMRISTOR` is every kind that takes a model of that type; the model's level tells them apart.
                Some(name) if element.letter == 'y' => k.spec().name == name || k.spec().model_types.contains(&name),
                _ => k.spec().letter == element.letter && element.letter != 'y',
            })
            .collect();
        match candidates[..] {
            [] => {
                self.unknown_device(element, scope);
                None
            }
            [one] => Some((one, None)),
            _ => {
                // A model on the line decides; without one, the kind that knows most of the line's keys.
                let by_model = element.args.iter().find_map(|arg| {
                    let Arg::Word { text, .. } = arg else { return None };
                    let (card, home) = self.find_model(text, scope)?;
                    Some((card, home))
                });
                if let Some((card, home)) = by_model {
                    let of_type: Vec<_> = candidates
                        .iter()
                        .copied()
                        .filter(|k| k.spec().model_types.contains(&card.model_type.value.as_str()))
                        .collect();
                    let of_type = of_marks(card, of_type, |k| k.spec());
                    if let [one] = of_type[..] {
                        return Some((one, None));
                    }
                    if !of_type.is_empty() {
                        let level = self.model_level(card, home);
                        let fits = |k: &&'static dyn Kind| level.is_none_or(|l| k.spec().levels.contains(&l));
                        return Some((of_type.iter().copied().find(fits).unwrap_or(of_type[0]), None));
                    }
                }
                let known = |k: &&'static dyn Kind| {
                    let spec = k.spec();
                    let fits = |assign: &&Assign| {
                        let key = assign.key.value.as_str();
                        let param = spec.instance.iter().find(|p| p.name == key || p.aliases.contains(&key));
                        // `C1 a b c={1n*v(a)}`: a value that depends on the circuit needs a parameter that takes one.
                        let of_circuit = matches!(&*assign.value, Arg::Expr(e) if mentions_circuit(e));
                        param.is_some_and(|p| !of_circuit || p.kind == ParamKind::Expression)
                    };
                    // The same of a value without a name: `R1 a b {1k*v(a)}`.
                    let main = spec.positional.first().and_then(|m| spec.instance.iter().find(|p| p.name == *m));
                    let positional = element.args.iter().any(|a| matches!(a, Arg::Expr(e) if mentions_circuit(e)))
                        && main.is_some_and(|p| p.kind == ParamKind::Expression);
                    let fit = assigns.iter().filter(|a| fits(a)).count() + usize::from(positional);
                    (fit, spec.model != ModelUse::Required)
                };
                // `max_by_key` takes the last of equals; the registry's first is wanted.
                candidates.iter().copied().rev().max_by_key(known).map(|k| (k, None))
            }
        }
    }

    fn unknown_device(&mut self, element: &Element, scope: ScopeId) {
        let (message, span, help) = match &element.device_type {
            Some(t) if element.letter == 'y' => {
                let known: Vec<&str> =
                    KINDS.iter().map(|k| k.spec()).filter(|s| s.letter == 'y').map(|s| s.name).collect();
                let help = did_you_mean(&t.value, known.iter().copied()).unwrap_or_else(|| {
                    if known.is_empty() {
                        "there are no such devices".into()
                    } else {
                        format!("known: {}", known.join(", "))
                    }
                });
                (format!("unknown device type '{}'", t.value), t.span, help)
            }
            _ => {
                let known: Vec<String> = KINDS
                    .iter()
                    .map(|k| k.spec())
                    .filter(|s| s.letter != 'y')
                    .map(|s| format!("{} ({})", s.letter.to_ascii_uppercase(), s.name))
                    .collect();
                let help = format!("known: {}, X (subcircuit); others are written Ytype name nodes…", known.join(", "));
                let letter = element.letter.to_ascii_uppercase();
                (format!("'{}': no device starts with {letter}", element.name.value), element.name.span, help)
            }
        };
        self.report_in(Diagnostic::error("unknown-device", message, span).help(help), scope);
    }

    /// Does a model name of this kind stand here?
    fn model_of_kind(&self, arg: &'a Arg, scope: ScopeId, spec: &DeviceSpec) -> Option<(&'a ModelCard, ScopeId, Span)> {
        let Arg::Word { text, span, .. } = arg else { return None };
        let (card, home) = self.find_model(text, scope)?;
        spec.model_types.contains(&card.model_type.value.as_str()).then_some((card, home, *span))
    }

    fn split_line(&mut self, k: usize, kind: &'static dyn Kind, form: Option<OtherForm>) -> Option<Chosen<'a>> {
        let Flat { element, scope, ref name, .. } = *self.flat.get(k)?;
        let name = name.clone();
        let spec = kind.spec();
        let args: Vec<&'a Arg> = element.args.iter().collect();
        let n_words = args.iter().take_while(|a| matches!(a, Arg::Word { .. })).count();
        let n_all = spec.terminals.len();
        let n_req = spec.terminals.iter().filter(|t| !t.optional).count();
        let n_ctl = spec.controls.len();
        let needed = n_req + n_ctl;
        if n_words < needed {
            self.too_few_words(&name, element, scope, spec, n_words);
            return None;
        }
        let mut model = None;
        let mut n_nodes = n_req;
        let mut n_controls = n_ctl;
        let mut rest_from = needed;
        if spec.model == ModelUse::Required {
            let upto = (n_all + n_ctl).min(n_words.saturating_sub(1));
            let found = (needed..=upto).rev().find_map(|m| {
                let model = self.model_of_kind(args.get(m)?, scope, spec)?;
                Some((m, model))
            });
            let Some((m, found)) = found else {
                self.unknown_model(&name, element, scope, spec, args.get(needed..=upto).unwrap_or(&[]));
                return None;
            };
            model = Some(found);
            n_nodes = m - n_ctl;
            rest_from = m + 1;
        } else if n_all > n_req {
            // Optional terminals take what follows, up to a word that is a number (a value), a parameter or a function.
            while n_nodes < n_all
                && n_controls == 0
                && let Some(Arg::Word { text, number, .. }) = args.get(n_nodes)
                && (number.is_none() || spec.positional.is_empty() || text == "0")
                && !is_keyword(spec, text)
                && args.get(n_nodes).is_some_and(|a| self.model_of_kind(a, scope, spec).is_none())
            {
                n_nodes += 1;
            }
            rest_from = n_nodes + n_ctl;
        }
        if spec.more_controls {
            while let Some(Arg::Word { number: None, .. }) = args.get(n_nodes + n_controls) {
                n_controls += 1;
            }
            rest_from = n_nodes + n_controls;
        }
        let mut rest: Vec<&'a Arg> = args.get(rest_from..).unwrap_or(&[]).to_vec();
        if spec.model == ModelUse::Optional {
            let at = rest.iter().position(|a| self.model_of_kind(a, scope, spec).is_some());
            if let Some(at) = at {
                model = self.model_of_kind(rest[at], scope, spec);
                rest.remove(at);
            }
        }
        self.looks_like_missing_node(&name, element, scope, spec, &args[..n_nodes], &rest, model.is_some())?;
        let mut nodes = Vec::with_capacity(n_all);
        for arg in &args[..n_nodes] {
            if let Arg::Word { text, span, .. } = arg {
                nodes.push(self.intern_node(text, *span, scope));
            }
        }
        nodes.resize(n_all, 0);
        let controls = args
            .get(n_nodes..n_nodes + n_controls)
            .unwrap_or(&[])
            .iter()
            .filter_map(|a| match a {
                Arg::Word { text, span, .. } => Some((text.as_str(), *span)),
                _ => None,
            })
            .collect();
        Some(Chosen { kind, nodes, controls, model, rest, form })
    }

    fn too_few_words(&mut self, name: &str, element: &Element, scope: ScopeId, spec: &DeviceSpec, has: usize) {
        let n_req = spec.terminals.iter().filter(|t| !t.optional).count();
        let mut names: Vec<&str> = spec.terminals.iter().filter(|t| !t.optional).map(|t| t.name).collect();
        names.extend(spec.controls.iter().map(|c| c.name));
        let missing = names.get(has.min(names.len())..).unwrap_or(&[]).join(", ");
        let (code, what) = if has < n_req { ("missing-node", "node") } else { ("missing-reference", "reference") };
        let d = Diagnostic::error(code, format!("{name}: missing {what}: {missing}"), element.span).help(format!(
            "a {} is written {}",
            spec.name,
            line_form(spec)
        ));
        self.report_in(d, scope);
    }

    /// `R1 a 1k`: the value was taken for a node, and there is no value.
    #[allow(clippy::too_many_arguments)]
    fn looks_like_missing_node(
        &mut self,
        name: &str,
        element: &Element,
        scope: ScopeId,
        spec: &DeviceSpec,
        nodes: &[&Arg],
        rest: &[&Arg],
        has_model: bool,
    ) -> Option<()> {
        let Some(main) = spec.positional.first() else { return Some(()) };
        let valued = spec.instance.iter().any(|p| p.name == *main && p.default.is_none() && !p.required);
        let no_main = spec.instance.iter().any(|p| p.name == *main && p.default.is_none());
        if !rest.is_empty() || has_model || !no_main || spec.model == ModelUse::Required {
            return Some(());
        }
        let last_is_value = matches!(nodes.last(), Some(Arg::Word { number: Some(_), text, .. })
            if !text.bytes().all(|b| b.is_ascii_digit()));
        let (code, message) = if last_is_value {
            ("missing-node", format!("{name}: missing node"))
        } else if valued && !matches!(spec.letter, 'v' | 'i') {
            // A source without a value is 0, as in every SPICE: `vsense a b`.
            ("missing-value", format!("{name}: missing value of '{main}'"))
        } else {
            return Some(());
        };
        let d = Diagnostic::error(code, message, element.span).help(format!(
            "a {} is written {}",
            spec.name,
            line_form(spec)
        ));
        self.report_in(d, scope);
        None
    }

    fn unknown_model(
        &mut self,
        name: &str,
        element: &Element,
        scope: ScopeId,
        spec: &DeviceSpec,
        candidates: &[&'a Arg],
    ) {
        let types = spec.model_types.join(" or ");
        let form = format!("a {} is written {}, with a .model of type {types}", spec.name, line_form(spec));
        // Of the words that could be the model, the last that is no number is the most likely.
        let word = candidates.iter().rev().find_map(|a| match a {
            Arg::Word { text, span, number } => {
                let known = self.find_model(text, scope);
                (known.is_some() || number.is_none()).then_some((text.as_str(), *span, known))
            }
            _ => None,
        });
        let d = match word {
            None => Diagnostic::error("unknown-model", format!("{name} names no model"), element.span).help(form),
            Some((text, span, Some((card, _)))) => Diagnostic::error(
                "unknown-model",
                format!("model '{text}' is of type {}, but a {} needs {types}", card.model_type.value, spec.name),
                span,
            )
            .also(card.model_type.span, "its type")
            .help(form),
            Some((text, span, None)) => {
                let known = self.models_of(scope, spec);
                let help = did_you_mean(text, known.iter().copied()).unwrap_or_else(|| {
                    if known.is_empty() { form } else { format!("models of type {types}: {}", known.join(", ")) }
                });
                Diagnostic::error("unknown-model", format!("unknown model '{text}'"), span).help(help)
            }
        };
        self.report_in(d, scope);
    }

    /// Names of the models that this kind could take, from the inside out.
    pub fn models_of(&self, scope: ScopeId, spec: &DeviceSpec) -> Vec<&'a str> {
        let mut names: Vec<&'a str> = self
            .outwards(scope)
            .flat_map(|s| self.scopes[s].body.models.values())
            .filter(|m| spec.model_types.contains(&m.model_type.value.as_str()))
            .map(|m| m.name.value.as_str())
            .collect();
        names.sort_unstable();
        names.truncate(12);
        names
    }
}

/// Of the kinds of one model type those that the parameters of the card are of.
pub(super) fn of_marks<T: Copy>(card: &ModelCard, kinds: Vec<T>, spec: impl Fn(T) -> &'static DeviceSpec) -> Vec<T> {
    let given = |name: &&str| card.params.iter().any(|a| matches!(a, Arg::Assign(a) if a.key.value == **name));
    let marked = |k: &T| spec(*k).model_marks.iter().any(given);
    if kinds.iter().any(marked) {
        return kinds.into_iter().filter(marked).collect();
    }
    kinds.into_iter().filter(|k| spec(*k).model_marks.is_empty()).collect()
}

/// Is this word a parameter, flag or source function of the kind?
pub(super) fn is_keyword(spec: &DeviceSpec, text: &str) -> bool {
    spec.instance.iter().any(|p| p.name == text || p.aliases.contains(&text))
        || spec.functions.iter().any(|f| f.is_named(text))
}
