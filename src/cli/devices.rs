//! `neurospice devices`: what the kinds of device declare about themselves, as text and as JSON.

#[path = "devices_markdown.rs"]
mod markdown;

use super::args::DevicesArgs;
use super::table::{Align, table, wrapped};
use super::{Exit, terminal};
use crate::device::{DeviceSpec, FunctionSpec, KINDS, ModelUse, ParamKind, ParamSpec, Range};
use crate::diagnostic::units::nearest;
use serde_json::{Value, json};

/// Characters in a line of prose.
const WIDTH: usize = 100;

/// Lists the kinds, or explains what has this name.
pub(super) fn devices(args: &DevicesArgs) -> Exit {
    let text = match &args.name {
        None if args.json => pretty(&json!(specs().map(kind_json).collect::<Vec<_>>())),
        None if args.markdown => markdown::all(),
        None => list(),
        Some(name) => match found(&name.to_lowercase()) {
            Found::Kinds(kinds) if args.json => pretty(&json!(kinds.into_iter().map(kind_json).collect::<Vec<_>>())),
            Found::Kinds(kinds) if args.markdown => {
                kinds.into_iter().map(markdown::kind).collect::<Vec<_>>().join("\n")
            }
            Found::Kinds(kinds) => kinds.into_iter().map(explain).collect::<Vec<_>>().join("\n"),
            Found::Function(function, _) if args.json => pretty(&json!([function_json(function)])),
            Found::Function(function, _) if args.markdown => markdown::function(function),
            Found::Function(function, takers) => explain_function(function, &takers),
            Found::Nothing(hint) => {
                terminal::error(&format!("there is no device, model type or source function '{name}'; {hint}"));
                return Exit::Wrong;
            }
        },
    };
    if terminal::print(&text) { Exit::Done } else { Exit::Failed }
}

/// What a name stands for.
enum Found {
    Kinds(Vec<&'static DeviceSpec>),
    /// A source function and the kinds that take it.
    Function(&'static FunctionSpec, Vec<&'static str>),
    /// Nothing; a hint.
    Nothing(String),
}

fn specs() -> impl Iterator<Item = &'static DeviceSpec> {
    KINDS.iter().map(|k| k.spec())
}

fn found(name: &str) -> Found {
    let bare = name.strip_prefix('y').filter(|rest| !rest.is_empty()).unwrap_or(name);
    let by_name: Vec<_> = specs().filter(|s| s.name == name || s.name == bare).collect();
    if !by_name.is_empty() {
        return Found::Kinds(by_name);
    }
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        let own = specs().filter(|s| s.letter == letter);
        let other = specs().filter(|s| s.letter != letter && s.other_forms.iter().any(|f| f.letter == letter));
        let kinds: Vec<_> = own.chain(other).collect();
        if !kinds.is_empty() {
            return Found::Kinds(kinds);
        }
    }
    let by_model: Vec<_> = specs().filter(|s| s.model_types.contains(&name)).collect();
    if !by_model.is_empty() {
        return Found::Kinds(by_model);
    }
    if let Some(function) = specs().flat_map(|s| s.functions).find(|f| f.is_named(name)) {
        let takers = specs().filter(|s| s.functions.iter().any(|f| f.is_named(name))).map(|s| s.name).collect();
        return Found::Function(function, takers);
    }
    let models = specs().flat_map(|s| s.model_types.iter().copied());
    let functions = specs().flat_map(|s| s.functions).map(|f| f.name);
    let hint = match nearest(name, specs().map(|s| s.name).chain(models).chain(functions)) {
        Some(near) => format!("did you mean '{near}'?"),
        None => "`neurospice devices` lists them".into(),
    };
    Found::Nothing(hint)
}

fn list() -> String {
    let mut rows = vec![vec!["line".to_string(), "kind".into(), "model types".into(), "what it is".into()]];
    rows.extend(specs().map(|s| vec![start(s), s.name.into(), s.model_types.join(" "), s.doc.into()]));
    let mut functions: Vec<&str> = Vec::new();
    for f in specs().flat_map(|s| s.functions) {
        if !functions.contains(&f.name) {
            functions.push(f.name);
        }
    }
    format!(
        "{}\nSource functions: {}\n`neurospice devices NAME` explains one.\n",
        table(&[Align::Left; 4], &rows),
        functions.join(" ")
    )
}

/// How an element line starts: `R`, `Ymemristor`.
fn start(spec: &DeviceSpec) -> String {
    match spec.letter {
        'y' => format!("Y{}", spec.name),
        letter => letter.to_uppercase().collect(),
    }
}

/// The element line: `Mname d g s [b] MODEL [parameter=value …]`.
fn form(spec: &DeviceSpec) -> String {
    let mut words =
        vec![if spec.letter == 'y' { format!("{} name", start(spec)) } else { format!("{}name", start(spec)) }];
    let optional = |text: &str, yes: bool| if yes { format!("[{text}]") } else { text.to_string() };
    words.extend(spec.terminals.iter().map(|t| optional(t.name, t.optional)));
    words.extend(spec.controls.iter().map(|c| c.name.to_string()));
    if spec.more_controls {
        words.push("[…]".into());
    }
    match spec.model {
        ModelUse::None => {}
        ModelUse::Optional => words.push("[MODEL]".into()),
        ModelUse::Required => words.push("MODEL".into()),
    }
    for name in spec.positional {
        let required = spec.instance.iter().any(|p| p.name == *name && p.required);
        words.push(optional(name, !required));
    }
    if spec.instance.len() > spec.positional.len() {
        words.push("[parameter=value …]".into());
    }
    words.join(" ")
}

fn explain(spec: &DeviceSpec) -> String {
    let mut out = format!("{}: {}\n\n  {}\n", spec.name, spec.doc, form(spec));
    for f in spec.other_forms {
        let letter = f.letter.to_uppercase();
        out.push_str(&format!("  {letter}name … {}=… is the same with {}\n", f.key, f.parameter));
    }
    out.push_str("\nEquations\n");
    for part in spec.equations.lines().flat_map(|line| line.split(";  ")) {
        out.push_str(&wrapped(part, 2, WIDTH));
    }
    let pair = |name: &str, doc: &str| vec![name.to_string(), doc.to_string()];
    let mut section = |title: &str, rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let align = [Align::Left, Align::Left, Align::Right, Align::Left, Align::Left];
            let columns = rows.first().map_or(0, Vec::len).min(align.len());
            let align: &[Align] = if columns == 2 { &[Align::Left; 2] } else { &align[..columns] };
            out.push_str(&format!("\n{title}\n{}", table(align, &rows)));
        }
    };
    section("Terminals", spec.terminals.iter().map(|t| pair(t.name, t.doc)).collect());
    section("References to other elements", spec.controls.iter().map(|c| pair(c.name, c.doc)).collect());
    section("Parameters of the element", parameters(spec.instance));
    let levels: Vec<String> = spec.levels.iter().map(u32::to_string).collect();
    let levels = if levels.is_empty() { String::new() } else { format!(", level {}", levels.join(", ")) };
    let models = spec.model_types.join(" or ");
    section(&format!("Parameters of .model NAME {models} (parameter=value …){levels}"), parameters(spec.model_params));
    section(
        "Source functions",
        spec.functions
            .iter()
            .map(|f| pair(&function_form(f), ""))
            .map(|mut r| {
                r.truncate(1);
                r
            })
            .collect(),
    );
    out
}

fn explain_function(function: &FunctionSpec, takers: &[&str]) -> String {
    let mut out =
        format!("{}: source function of {}\n\n  {}\n\n", function.name, takers.join(", "), function_form(function));
    out.push_str(&wrapped(function.doc, 2, WIDTH));
    let align = [Align::Left, Align::Left, Align::Right, Align::Left, Align::Left];
    if !function.args.is_empty() {
        out.push_str(&format!("\nArguments, in order\n{}", table(&align, &parameters(function.args))));
    }
    if !function.options.is_empty() {
        out.push_str(&format!("\nOptions, as name=value\n{}", table(&align, &parameters(function.options))));
    }
    out
}

/// `PULSE(v1 v2 [td] …)`.
fn function_form(function: &FunctionSpec) -> String {
    let args = function.args.iter().map(|p| match (p.kind, p.required) {
        (ParamKind::List, _) => format!("{} …", p.name),
        (_, true) => p.name.to_string(),
        _ => format!("[{}]", p.name),
    });
    let options = function.options.iter().map(|p| format!("[{}=…]", p.name));
    format!("{}({})", function.name.to_uppercase(), args.chain(options).collect::<Vec<_>>().join(" "))
}

/// Rows: name, unit, default, range, what it is.
fn parameters(list: &[ParamSpec]) -> Vec<Vec<String>> {
    if list.is_empty() {
        return Vec::new();
    }
    let head = ["name", "unit", "default", "range", ""].map(String::from).to_vec();
    let row = |p: &ParamSpec| {
        let mut name = p.name.to_string();
        for alias in p.aliases {
            name.push_str(&format!(", {alias}"));
        }
        let default = match (p.kind, p.default) {
            _ if p.required => "required".into(),
            (ParamKind::Flag, _) => "off".into(),
            (_, Some(v)) => number(v),
            (_, None) => String::new(),
        };
        vec![name, p.unit.to_string(), default, range(p), p.doc.to_string()]
    };
    std::iter::once(head).chain(list.iter().map(row)).collect()
}

/// A number as it may be written in a netlist.
fn number(v: f64) -> String {
    let size = v.abs();
    if v == 0.0 || (1e-3..1e5).contains(&size) { v.to_string() } else { format!("{v:e}") }
}

/// The range in words, or the type where that says more.
fn range(p: &ParamSpec) -> String {
    let kind = match p.kind {
        ParamKind::Real => "",
        ParamKind::Integer => "integer",
        ParamKind::Flag => return "flag".into(),
        ParamKind::List => "list",
        ParamKind::Text => return "word".into(),
        ParamKind::Expression => return "expression".into(),
        ParamKind::Function => return "function".into(),
    };
    let bounds = match p.range {
        Range::Any => String::new(),
        Range::Positive => "> 0".into(),
        Range::NonNegative => "≥ 0".into(),
        Range::NonZero => "≠ 0".into(),
        Range::Closed(a, b) => format!("{} to {}", number(a), number(b)),
        Range::Open(a, b) => format!("between {} and {}", number(a), number(b)),
        Range::HalfOpen(a, b) => format!("{} to below {}", number(a), number(b)),
        Range::OneOf(list) => list.iter().map(|v| number(*v)).collect::<Vec<_>>().join(" or "),
    };
    [kind, &bounds].iter().filter(|t| !t.is_empty()).map(|t| t.to_string()).collect::<Vec<_>>().join(", ")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn kind_json(spec: &DeviceSpec) -> Value {
    json!({
        "name": spec.name,
        "letter": spec.letter.to_string(),
        "form": form(spec),
        "doc": spec.doc,
        "equations": spec.equations,
        "terminals": spec.terminals.iter()
            .map(|t| json!({ "name": t.name, "optional": t.optional, "doc": t.doc })).collect::<Vec<_>>(),
        "references": spec.controls.iter()
            .map(|c| json!({ "name": c.name, "kinds": c.kinds, "doc": c.doc })).collect::<Vec<_>>(),
        "model_types": spec.model_types,
        "levels": spec.levels,
        "model_required": spec.model == ModelUse::Required,
        "positional": spec.positional,
        "parameters": spec.instance.iter().map(param_json).collect::<Vec<_>>(),
        "model_parameters": spec.model_params.iter().map(param_json).collect::<Vec<_>>(),
        "functions": spec.functions.iter().map(function_json).collect::<Vec<_>>(),
    })
}

fn function_json(function: &FunctionSpec) -> Value {
    json!({
        "name": function.name,
        "form": function_form(function),
        "doc": function.doc,
        "arguments": function.args.iter().map(param_json).collect::<Vec<_>>(),
        "options": function.options.iter().map(param_json).collect::<Vec<_>>(),
    })
}

fn param_json(p: &ParamSpec) -> Value {
    json!({
        "name": p.name,
        "aliases": p.aliases,
        "type": format!("{:?}", p.kind).to_lowercase(),
        "unit": p.unit,
        "default": p.default,
        "required": p.required,
        "range": range(p),
        "doc": p.doc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_explains_itself() {
        for spec in specs() {
            let text = explain(spec);
            for p in spec.instance.iter().chain(spec.model_params) {
                assert!(text.contains(p.name) && text.contains(p.doc), "{}: {}", spec.name, p.name);
            }
            assert!(spec.terminals.iter().all(|t| text.contains(t.doc)), "{}", spec.name);
            let letter = spec.letter.to_string();
            assert!(matches!(found(&letter), Found::Kinds(k) if k.iter().any(|s| s.name == spec.name)));
        }
    }

    #[test]
    fn names_of_many_sorts_are_found() {
        assert!(matches!(found("ymemristor"), Found::Kinds(k) if k.len() == 1 && k[0].name == "memristor"));
        assert!(matches!(found("nmos"), Found::Kinds(k) if k[0].name == "mosfet"));
        assert!(
            matches!(found("pulse"), Found::Function(f, takers) if f.name == "pulse" && takers.contains(&"vsource"))
        );
        assert!(matches!(found("memrister"), Found::Nothing(hint) if hint == "did you mean 'memristor'?"));
    }
}
