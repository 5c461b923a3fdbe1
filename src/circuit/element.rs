//! From chosen element lines and model cards to instances: references, parameters, models.

use super::choose::{Chosen, is_keyword, line_form};
use super::context::Elab;
use super::nearest::did_you_mean;
use super::scope::ScopeId;
use super::value::Setter;
use super::*;
use crate::device::{DeviceSpec, Model, ModelUse, ParamKind, ParamSpec, Value, Values};
use crate::netlist::ast::{Arg, ModelCard};

impl<'a> Elab<'a> {
    /// Resolves every chosen element; `None` where there was an error.
    pub fn resolve_instances(&mut self) -> Vec<Option<Arc<Instance>>> {
        let mut instances: Vec<Option<Arc<Instance>>> = Vec::with_capacity(self.flat.len());
        for k in 0..self.flat.len() {
            let instance = self.flat[k].chosen.clone().and_then(|chosen| {
                let name = self.flat[k].name.clone();
                self.drawing_for(name, |elab| elab.resolve_instance(k, &chosen))
            });
            instances.push(instance.map(Arc::new));
        }
        // References may point forwards, so what they point at is attached when all are there.
        for k in 0..instances.len() {
            let Some(instance) = &instances[k] else { continue };
            if instance.controls.is_empty() {
                continue;
            }
            let controlled: Option<Vec<Arc<Instance>>> =
                instance.controls.iter().map(|c| instances.get(*c).cloned().flatten()).collect();
            let Some(controlled) = controlled else { continue };
            if let Some(instance) = instances[k].as_mut() {
                Arc::make_mut(instance).controlled = controlled;
            }
        }
        for (k, instance) in instances.iter().enumerate() {
            if let Some(instance) = instance {
                self.check_instance(k, instance);
            }
        }
        instances
    }

    /// The checks of the kind itself, across parameters.
    fn check_instance(&mut self, k: usize, instance: &Instance) {
        let Some(flat) = self.flat.get(k) else { return };
        let Some(chosen) = flat.chosen.as_ref() else { return };
        let (element, scope, model) = (flat.element, flat.scope, chosen.model);
        // A missing reference leaves `controlled` empty; it has been reported.
        if instance.controlled.len() != instance.controls.len() {
            return;
        }
        for message in chosen.kind.check(instance) {
            let mut d = Diagnostic::error("bad-parameter", format!("{}: {message}", instance.name), element.span);
            if let Some((card, ..)) = model {
                d = d.also(card.span, "its model");
            }
            self.report_in(d, scope);
        }
    }

    fn resolve_instance(&mut self, k: usize, chosen: &Chosen<'a>) -> Option<Instance> {
        let flat = self.flat.get(k)?;
        let (name, scope, element) = (flat.name.clone(), flat.scope, flat.element);
        let spec = chosen.kind.spec();
        let controls = self.resolve_controls(&name, chosen, scope);
        let model = match chosen.model {
            None => Some(None),
            Some((card, home, span)) => self.resolve_model(card, home, spec, span).map(Some),
        };
        let mut setter = Setter::new(spec, &name, scope);
        self.read_values(&mut setter, chosen);
        self.override_values(&mut setter);
        self.multiply(&mut setter, element.span);
        let mut missing = false;
        for (k, p) in spec.instance.iter().enumerate() {
            if p.required && setter.values.given.get(k) == Some(&false) && !setter.failed.contains(&k) {
                missing = true;
                let d = Diagnostic::error("missing-value", format!("{name}: missing {}", describe(p)), element.span)
                    .help(format!("a {} is written {}", spec.name, line_form(spec)));
                self.report_in(d, scope);
            }
        }
        if missing || !setter.failed.is_empty() {
            return None;
        }
        Some(Instance {
            name,
            nodes: chosen.nodes.clone(),
            controls: controls?,
            controlled: Vec::new(),
            params: setter.values,
            model: model?,
        })
    }

    /// `m=` of the X lines around the element.
    fn multiply(&mut self, setter: &mut Setter, span: Span) {
        let m = self.scopes[setter.scope].multiplier;
        if m == 1.0 {
            return;
        }
        match setter.values.index("m") {
            Some(k) => {
                let own = setter.values.number("m").unwrap_or(1.0);
                setter.put(k, Value::Number(own * m));
            }
            // A source of a voltage stays what it is.
            None if matches!(setter.spec.name, "vsource" | "vcvs" | "ccvs" | "coupling") => {}
            None => {
                let message = format!(
                    "m = {m} of its subcircuit does not reach {}: a {} has no m",
                    setter.name, setter.spec.name
                );
                self.report_in(Diagnostic::warning("unknown-param", message, span), setter.scope);
            }
        }
    }

    fn resolve_controls(&mut self, name: &str, chosen: &Chosen<'a>, scope: ScopeId) -> Option<Vec<usize>> {
        let spec = chosen.kind.spec();
        let mut indices = Vec::with_capacity(chosen.controls.len());
        for (k, (control, span)) in chosen.controls.iter().enumerate() {
            let index = self.known_instance(control, scope, *span);
            let control_spec = spec.controls.get(k).or(spec.controls.last());
            if let (Some(index), Some(control_spec)) = (index, control_spec) {
                let other = self.flat.get(index).and_then(|f| f.chosen.as_ref()).map(|c| c.kind.spec().name);
                if let Some(other) = other
                    && !control_spec.kinds.contains(&other)
                {
                    let kinds = control_spec.kinds.join(" or ");
                    let message = format!("{name} needs a {kinds} here, but '{control}' is a {other}");
                    let help = if control_spec.kinds.contains(&"vsource") {
                        "to sense a current, put a voltage source of 0 V in its path and name that".to_string()
                    } else {
                        format!("a {} is written {}", spec.name, line_form(spec))
                    };
                    let d = Diagnostic::error("wrong-reference", message, *span).help(help);
                    self.report_in(d, scope);
                    indices.push(None);
                    continue;
                }
            }
            indices.push(index);
        }
        indices.into_iter().collect()
    }

    /// Reads what follows nodes, references and model: values, parameters, flags, source functions in any order.
    fn read_values(&mut self, setter: &mut Setter, chosen: &Chosen<'a>) {
        let spec = chosen.kind.spec();
        let mut next = 0;
        let mut k = 0;
        while let Some(arg) = chosen.rest.get(k).copied() {
            k += 1;
            match arg {
                Arg::Assign(assign) => {
                    let key = assign.key.value.as_str();
                    let key = match &chosen.form {
                        Some(form) if form.key == key => form.parameter,
                        _ => key,
                    };
                    let list = setter.values.index(key).filter(|p| {
                        spec.instance.get(*p).is_some_and(|p| p.kind == ParamKind::List)
                            && matches!(&*assign.value, Arg::Word { number: Some(_), .. })
                    });
                    match list {
                        // `ic=1,2,3`: the comma parts arguments, so the rest of the list follows.
                        Some(p) => k = self.set_list(setter, p, Some(&assign.value), &chosen.rest, k),
                        None => self.set_by_name(setter, key, assign.key.span, &assign.value),
                    }
                }
                Arg::Call { name, args, span } => match function_of(spec, &name.value) {
                    Some(f) => {
                        let mut args: Vec<&'a Arg> = ungrouped(args).collect();
                        // `pwl (0,0) (1u,1)`: pairs in parentheses of their own.
                        while let Some(Arg::Call { name, args: pair, .. }) = chosen.rest.get(k).copied()
                            && name.value.is_empty()
                        {
                            args.extend(ungrouped(pair));
                            k += 1;
                        }
                        // Options may stand behind the parenthesis: `pwl(0 0 1u 1) r=0`.
                        let options = spec.functions.get(f).map_or(&[][..], |f| f.options);
                        while let Some(arg @ Arg::Assign(a)) = chosen.rest.get(k).copied()
                            && options
                                .iter()
                                .any(|o| o.name == a.key.value || o.aliases.contains(&a.key.value.as_str()))
                        {
                            args.push(arg);
                            k += 1;
                        }
                        self.set_function(setter, f, &args, *span);
                    }
                    None => self.unknown_word(setter, &name.value, *span, chosen),
                },
                Arg::Word { text, number: None, span } => {
                    if let Some(f) = function_of(spec, text) {
                        let upto = self.function_end(setter, f, &chosen.rest, k);
                        let args = chosen.rest.get(k..upto).unwrap_or(&[]).to_vec();
                        self.set_function(setter, f, &args, *span);
                        k = upto;
                    } else if let Some(p) = setter.values.index(text) {
                        k = self.set_by_keyword(setter, p, *span, &chosen.rest, k);
                    } else if let Some(p) = self.next_positional(setter, &mut next, true) {
                        self.set_value(setter, p, arg);
                    } else {
                        self.unknown_word(setter, text, *span, chosen);
                    }
                }
                Arg::Word { .. } | Arg::Expr(_) | Arg::Text(_) => {
                    if let Some(p) = self.next_positional(setter, &mut next, false) {
                        self.set_value(setter, p, arg);
                    } else {
                        let form = line_form(spec);
                        let d = Diagnostic::error(
                            "node-count",
                            format!("{}: '{}' is one value or node too many", setter.name, self.written(arg.span())),
                            arg.span(),
                        )
                        .help(format!("a {} is written {form}", spec.name));
                        self.report_in(d, setter.scope);
                        setter.fail(None);
                    }
                }
            }
        }
    }

    /// The next parameter that may be written without its name. Words fit only flags, texts and the like.
    fn next_positional(&self, setter: &Setter, next: &mut usize, word: bool) -> Option<usize> {
        let spec = setter.spec;
        while let Some(name) = spec.positional.get(*next) {
            let p = setter.values.index(name)?;
            if setter.values.given.get(p).copied().unwrap_or(false) {
                *next += 1;
                continue;
            }
            if word && spec.instance.get(p).is_none_or(|p| p.kind != ParamKind::Text) {
                return None;
            }
            *next += 1;
            return Some(p);
        }
        None
    }

    /// `dc 5`, `ac 1 0`, `off`: a parameter's name as a word, its value (if it takes one) behind it.
    fn set_by_keyword(&mut self, setter: &mut Setter, p: usize, span: Span, rest: &[&'a Arg], mut k: usize) -> usize {
        let kind = setter.spec.instance.get(p).map_or(ParamKind::Flag, |p| p.kind);
        match kind {
            ParamKind::Flag => setter.put(p, Value::Number(1.0)),
            ParamKind::List => k = self.set_list(setter, p, None, rest, k),
            _ => match rest.get(k).copied() {
                Some(arg) if !matches!(arg, Arg::Assign(_) | Arg::Call { .. }) => {
                    k += 1;
                    self.set_value(setter, p, arg);
                }
                _ => {
                    let what = setter.spec.instance.get(p).map(describe).unwrap_or_default();
                    let d =
                        Diagnostic::error("missing-value", format!("{}: missing value of {what}", setter.name), span);
                    self.report_in(d, setter.scope);
                    setter.fail(Some(p));
                }
            },
        }
        k
    }

    /// A list: its first value, if it stands behind `key=`, and the numbers that follow from argument `k` on. Returns
    /// where the list ends.
    fn set_list(
        &mut self,
        setter: &mut Setter,
        p: usize,
        first: Option<&'a Arg>,
        rest: &[&'a Arg],
        mut k: usize,
    ) -> usize {
        let mut args: Vec<&'a Arg> = first.into_iter().collect();
        while let Some(arg @ (Arg::Word { number: Some(_), .. } | Arg::Expr(_))) = rest.get(k).copied() {
            args.push(arg);
            k += 1;
        }
        let range = setter.values.spec.get(p);
        let mut list = Vec::with_capacity(args.len());
        for arg in args {
            match (self.number(arg, setter.scope), range) {
                (Some(x), Some(param)) if self.in_range(setter, param, x, arg.span()) => list.push(x),
                _ => setter.fail(Some(p)),
            }
        }
        setter.put(p, Value::List(list));
        k
    }

    fn unknown_word(&mut self, setter: &mut Setter, text: &str, span: Span, chosen: &Chosen<'a>) {
        let spec = setter.spec;
        let models = self.models_of(setter.scope, spec);
        let words = spec.instance.iter().map(|p| p.name).chain(spec.functions.iter().map(|f| f.name));
        let is_param = self.outwards(setter.scope).any(|s| self.scopes[s].params.contains_key(text));
        let help = if is_param {
            format!("the value of parameter '{text}' is written {{{text}}}")
        } else {
            did_you_mean(text, words.chain(models.iter().copied()))
                .unwrap_or_else(|| format!("a {} is written {}", spec.name, line_form(spec)))
        };
        // A word where the first value belongs, with a number behind it, is most likely a node too many.
        let first = chosen.rest.first().is_some_and(|a| a.span() == span);
        let more = chosen.rest.get(1).is_some_and(|a| matches!(a, Arg::Word { .. } | Arg::Expr(_)));
        let n = spec.terminals.len();
        let (code, message) = if is_param {
            ("bad-number", format!("{}: '{text}' is not a number", setter.name))
        } else if first && more && chosen.model.is_none() && spec.model != ModelUse::Required {
            ("node-count", format!("{} has too many nodes: a {} has {n}", setter.name, spec.name))
        } else if spec.model == ModelUse::Optional && first {
            ("unknown-model", format!("{}: '{text}' is neither a number nor a known model", setter.name))
        } else if !spec.positional.is_empty() && first {
            ("bad-number", format!("{}: '{text}' is not a number", setter.name))
        } else {
            ("bad-element", format!("{}: '{text}' is not known here", setter.name))
        };
        let d = Diagnostic::error(code, message, span).help(help);
        self.report_in(d, setter.scope);
        setter.fail(None);
    }

    /// `--set r1.r=…` and, for the main value, `--set r1=…`.
    fn override_values(&mut self, setter: &mut Setter) {
        if self.overrides.is_empty() {
            return;
        }
        let spec = setter.spec;
        for (k, p) in spec.instance.iter().enumerate() {
            if p.name == "ac" && p.kind == ParamKind::List {
                // Magnitude and phase are one parameter, of which either can be set.
                for (name, at) in [("ac", 0), ("acmag", 0), ("acphase", 1)] {
                    if let Some(x) = self.overrides.take(&format!("{}.{name}", setter.name)) {
                        let mut list = match setter.values.values.get(k) {
                            Some(Some(Value::List(list))) => list.clone(),
                            _ => vec![0.0],
                        };
                        list.resize(list.len().max(at + 1), 0.0);
                        list[at] = x;
                        setter.put(k, Value::List(list));
                    }
                }
                continue;
            }
            let is_main = spec.positional.first() == Some(&p.name);
            let by_name = std::iter::once(&p.name).chain(p.aliases).map(|n| format!("{}.{n}", setter.name));
            let names: Vec<String> = by_name.chain(is_main.then(|| setter.name.clone())).collect();
            for name in names {
                if let Some(x) = self.overrides.take(&name) {
                    let element = self.find_instance(&setter.name, 0).and_then(|i| self.flat.get(i));
                    let span = element.map_or(Span::default(), |f| f.element.span);
                    self.put_number(setter, k, x, span);
                }
            }
        }
    }

    /// The `level` of a model card.
    pub fn model_level(&mut self, card: &'a ModelCard, home: ScopeId) -> Option<u32> {
        let arg = card.params.iter().find_map(|a| match a {
            Arg::Assign(assign) if assign.key.value == "level" => Some(&*assign.value),
            _ => None,
        })?;
        let level = self.keyed_number(arg, home)?;
        Some(level as u32)
    }

    /// The model behind a card as this kind reads it; the same `Arc` for all its instances.
    fn resolve_model(
        &mut self,
        card: &'a ModelCard,
        home: ScopeId,
        spec: &'static DeviceSpec,
        used_at: Span,
    ) -> Option<Arc<Model>> {
        let key = (home, card.name.value.as_str(), spec.name);
        if let Some(model) = self.models.get(&key) {
            return model.clone();
        }
        let subject = self.full_name(&card.name.value, home);
        let model = self.drawing_for(subject, |elab| elab.read_model(card, home, spec, used_at)).map(Arc::new);
        self.models.insert(key, model.clone());
        model
    }

    fn read_model(
        &mut self,
        card: &'a ModelCard,
        home: ScopeId,
        spec: &'static DeviceSpec,
        used_at: Span,
    ) -> Option<Model> {
        let model_type = card.model_type.value.as_str();
        let type_index = spec.model_types.iter().position(|t| *t == model_type)?;
        let name = self.full_name(&card.name.value, home);
        let mut setter = Setter::model(spec, &name, home);
        if !spec.levels.is_empty()
            && let Some(level) = self.model_level(card, home)
            && !spec.levels.contains(&level)
        {
            let takes = |s: &&DeviceSpec| s.letter == spec.letter && s.model_types.contains(&model_type);
            let kinds = crate::device::KINDS.iter().map(|k| k.spec()).filter(takes);
            let mut levels: Vec<u32> = kinds.flat_map(|s| s.levels.iter().copied()).collect();
            levels.sort_unstable();
            let known: Vec<String> = levels.iter().map(u32::to_string).collect();
            let d =
                Diagnostic::error("unknown-model", format!("model '{name}': level {level} is not there"), card.span)
                    .also(used_at, "used here")
                    .help(format!("levels of {model_type}: {}", known.join(", ")));
            self.report_in(d, home);
            return None;
        }
        for arg in &card.params {
            match arg {
                Arg::Assign(assign) if assign.key.value == "level" && setter.values.index("level").is_none() => {}
                Arg::Assign(assign) => self.set_by_name(&mut setter, &assign.key.value, assign.key.span, &assign.value),
                Arg::Word { text, number: None, span } => match setter.values.index(text) {
                    Some(k) => setter.put(k, Value::Number(1.0)),
                    None => self.unknown_param(&setter, text, *span),
                },
                other => {
                    let help = "model parameters are written name=value";
                    self.error_help("bad-model", "this is not a model parameter", other.span(), help);
                    setter.fail(None);
                }
            }
        }
        for (k, p) in spec.model_params.iter().enumerate() {
            let names: Vec<String> = std::iter::once(&p.name).chain(p.aliases).map(|n| format!("{name}.{n}")).collect();
            for override_name in names {
                if let Some(x) = self.overrides.take(&override_name) {
                    self.put_number(&mut setter, k, x, card.span);
                }
            }
            if p.required && setter.values.given.get(k) == Some(&false) && !setter.failed.contains(&k) {
                let message = format!("model '{name}': missing {}", describe(p));
                self.report_in(Diagnostic::error("missing-value", message, card.span), home);
                setter.fail(Some(k));
            }
        }
        setter.failed.is_empty().then_some(Model { name, type_index, params: setter.values })
    }

    /// Reports model cards of unknown type, and wrong parameters of models that no element uses.
    pub fn check_models(&mut self, top: ScopeId) {
        let mut cards: Vec<&'a ModelCard> = self.scopes[top].body.models.values().copied().collect();
        cards.sort_by_key(|c| (c.span.file, c.span.start));
        for card in cards {
            let model_type = card.model_type.value.as_str();
            let kinds: Vec<&'static DeviceSpec> =
                crate::device::KINDS.iter().map(|k| k.spec()).filter(|s| s.model_types.contains(&model_type)).collect();
            let kinds = super::choose::of_marks(card, kinds, |s| s);
            if kinds.is_empty() {
                let known = crate::device::KINDS.iter().flat_map(|k| k.spec().model_types.iter().copied());
                let help = did_you_mean(model_type, known.clone()).unwrap_or_else(|| {
                    let mut types: Vec<&str> = Vec::new();
                    known.for_each(|t| {
                        if !types.contains(&t) {
                            types.push(t)
                        }
                    });
                    format!("known types: {}", types.join(", "))
                });
                let message = format!("model '{}' has the unknown type '{model_type}'", card.name.value);
                self.report.add(Diagnostic::warning("unknown-model-type", message, card.model_type.span).help(help));
                continue;
            }
            let used = kinds.iter().any(|s| self.models.contains_key(&(top, card.name.value.as_str(), s.name)));
            if used {
                continue;
            }
            // Of several kinds with levels (MOS transistors) the card's level tells which; no level is the first kind's.
            let level = self.model_level(card, top);
            let by_level = kinds.iter().all(|s| !s.levels.is_empty());
            let of_level = kinds.iter().find(|s| level.is_none_or(|l| s.levels.contains(&l))).unwrap_or(&kinds[0]);
            if kinds.len() == 1 || by_level {
                self.resolve_model(card, top, of_level, card.span);
            }
        }
    }
}

/// Arguments, and those inside parentheses without a name.
fn ungrouped(args: &[Arg]) -> impl Iterator<Item = &Arg> {
    args.iter().flat_map(|a| match a {
        Arg::Call { name, args, .. } if name.value.is_empty() => args.iter().collect::<Vec<_>>(),
        other => vec![other],
    })
}

/// Index of a source function.
fn function_of(spec: &DeviceSpec, name: &str) -> Option<usize> {
    spec.functions.iter().position(|f| f.is_named(name))
}

/// A parameter for messages: its name, and what it is.
pub(super) fn describe(p: &ParamSpec) -> String {
    let what = p.doc.split([';', ',', '(', ':']).next().unwrap_or("").trim();
    let unit = if p.unit.is_empty() { String::new() } else { format!(" [{}]", p.unit) };
    if what.is_empty() { format!("'{}'{unit}", p.name) } else { format!("'{}' ({what}){unit}", p.name) }
}

impl<'a> Elab<'a> {
    /// Where the arguments of a source function without parentheses end: at the next keyword of the device or at an
    /// assignment that is no option of the function.
    fn function_end(&self, setter: &Setter, f: usize, rest: &[&'a Arg], from: usize) -> usize {
        let options = setter.spec.functions.get(f).map_or(&[][..], |f| f.options);
        let ends = |arg: &&'a Arg| match arg {
            Arg::Word { text, number: None, .. } => is_keyword(setter.spec, text),
            Arg::Assign(a) => {
                let scale = a.key.value.ends_with("_scale_factor");
                !scale && !options.iter().any(|o| o.name == a.key.value || o.aliases.contains(&a.key.value.as_str()))
            }
            Arg::Call { name, .. } => !name.value.is_empty(),
            _ => false,
        };
        rest.iter().skip(from).position(ends).map_or(rest.len(), |n| from + n)
    }
}

/// All defaults of a specification's instance or model parameters.
pub(super) fn defaults(spec: &'static [ParamSpec]) -> Values {
    Values::defaults(spec)
}
