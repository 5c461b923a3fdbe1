//! Elements and dot cards, one statement each.

use super::argument::{Arguments, Values, assigned};
use super::ast::{Arg, Assign, Card, Element, Func, Item, ModelCard, Name};
use super::controlled;
use super::expression::{condition, is_name, whole};
use super::lexer::{Fault, Help, Parsed, Statement, blanks, fold, separators, word};
use super::number;
use crate::diagnostic::Spanned;

type Failed = nom::Err<Fault>;

/// Names of dot cards, without the dot. (`include`, `lib`, `end` and the like never reach the tree.)
pub(super) const CARDS: [&str; 63] = [
    "tran",
    "op",
    "dc",
    "ac",
    "noise",
    "tf",
    "sens",
    "pz",
    "disto",
    "four",
    "fourier",
    "fft",
    "sp",
    "hb",
    "options",
    "ic",
    "nodeset",
    "measure",
    "save",
    "print",
    "plot",
    "probe",
    "global",
    "global_param",
    "temp",
    "step",
    "data",
    "enddata",
    "mc",
    "width",
    "param",
    "func",
    "model",
    "subckt",
    "ends",
    "include",
    "lib",
    "endl",
    "control",
    "endc",
    "title",
    "backanno",
    "csparam",
    "preprocess",
    "sampling",
    "embeddedsampling",
    "pce",
    "lin",
    "mpde",
    "pss",
    "savebias",
    "loadbias",
    "savestate",
    "wave",
    "net",
    "ferret",
    "text",
    "result",
    "if",
    "elseif",
    "else",
    "endif",
    "end",
];

/// A card's name with its other spellings undone.
pub(super) fn canonical(name: &str) -> &str {
    match name {
        "meas" => "measure",
        "option" | "opt" => "options",
        "inc" => "include",
        "params" => "param",
        "sub" => "subckt",
        "eom" => "ends",
        "probe64" => "probe",
        "dcvolt" | "initcond" => "ic",
        "dcop" => "op",
        other => other,
    }
}

/// The device line in `st`.
pub(super) fn element(st: &Statement<'_>) -> Result<Vec<Item>, Failed> {
    let i = st.text;
    let (rest, text) = word(i)?;
    let mut name: Name = Spanned { value: fold(text), span: st.span(i, rest) };
    let letter = name.value.chars().next().unwrap_or('?');
    if !letter.is_ascii_lowercase() {
        let message = format!("a statement cannot begin with '{}'", text.chars().next().unwrap_or('?'));
        return Err(Fault::new("bad-statement", i, text.len(), message)
            .help("a device begins with a letter, a card with `.`, a comment with `*`, a continued line with `+`"));
    }
    let mut rest = rest;
    let mut device_type = None;
    if letter == 'y' {
        let kind = name.value.get(1..).unwrap_or("").to_string();
        let at = blanks(rest);
        let Ok((after, text)) = word(at) else {
            return Err(Fault::at("missing-name", at, "the device has no name").help("write YTYPE name nodes… model"));
        };
        device_type = Some(Spanned { value: kind, span: name.span });
        name = Spanned { value: fold(text), span: st.span(at, after) };
        rest = after;
    }
    if rest.starts_with('(') || assigned(rest).is_some() {
        return Err(Fault::at("bad-statement", rest, format!("'{text}' is no device line"))
            .help("write a name, nodes and values parted by blanks"));
    }
    let values = if matches!(letter, 'a' | 'y') { Values::Auto } else { Values::Expressions };
    let mut args = Arguments { st, values, inline: false }.all(rest)?;
    nodes_in_parentheses(letter, &mut args);
    if letter == 'x' {
        // The parameters of a call are known by their `=`.
        args.retain(|a| !matches!(a, Arg::Word { text, .. } if text == "params:"));
    }
    reject_bad_numbers(st, value_args(letter, &args))?;
    if letter == 'b' {
        reject_loose_words(st, &args)?;
    }
    if matches!(letter, 'r' | 'c' | 'l') {
        coefficients(&mut args);
    }
    let element = Element { name, letter, device_type, args, span: st.whole() };
    if matches!(letter, 'e' | 'f' | 'g' | 'h' | 's') {
        controlled::items(st, element)
    } else {
        Ok(vec![Item::Element(element)])
    }
}

/// `R1 (a b) 1k` is `R1 a b 1k`. Controlled sources and switches have pairs in parentheses, code models ports.
fn nodes_in_parentheses(letter: char, args: &mut Vec<Arg>) {
    if !matches!(letter, 'a' | 'e' | 'f' | 'g' | 'h' | 's')
        && let Some(Arg::Call { name, args: nodes, .. }) = args.first_mut()
        && name.value.is_empty()
        && nodes.iter().all(|n| matches!(n, Arg::Word { .. }))
    {
        let nodes = std::mem::take(nodes);
        args.splice(0..1, nodes);
    }
}

/// `tc=1m,2u` is `tc1=1m tc2=2u`.
fn coefficients(args: &mut [Arg]) {
    let Some(k) = args.iter().position(|a| matches!(a, Arg::Assign(a) if a.key.value == "tc")) else { return };
    if let Some(Arg::Assign(first)) = args.get_mut(k) {
        first.key.value = "tc1".to_string();
    }
    if let Some(second) = args.get_mut(k + 1)
        && let Arg::Word { number: Some(_), span, .. } = second
    {
        let key = Spanned { value: "tc2".to_string(), span: *span };
        *second = Arg::Assign(Assign { key, value: Box::new(second.clone()) });
    }
}

/// The arguments in which a word that begins with a digit must be a number; before them stand nodes.
fn value_args(letter: char, args: &[Arg]) -> &[Arg] {
    let nodes = match letter {
        'r' | 'c' | 'l' | 'v' | 'i' => 2,
        'k' => return args.get(2..).unwrap_or(&[]),
        _ => return &[],
    };
    args.get(nodes..).unwrap_or(&[])
}

/// Finds the words that begin as numbers do but are none.
fn reject_bad_numbers(st: &Statement<'_>, args: &[Arg]) -> Result<(), Failed> {
    for arg in args {
        match arg {
            Arg::Word { text, number: None, span } => {
                if let Some((message, help)) = number::reject_bad(text) {
                    return Err(fault_at_span(st, *span, "bad-number", message, help));
                }
            }
            Arg::Call { args, .. } => reject_bad_numbers(st, args)?,
            Arg::Assign(Assign { value, .. }) => reject_bad_numbers(st, std::slice::from_ref(value))?,
            _ => {}
        }
    }
    Ok(())
}

/// After `v=…` on a behavioural source only `name=value` can follow: anything else was meant to be in the expression.
fn reject_loose_words(st: &Statement<'_>, args: &[Arg]) -> Result<(), Failed> {
    let behind = args.iter().skip_while(|a| !matches!(a, Arg::Assign(_)));
    for arg in behind {
        if !matches!(arg, Arg::Assign(_)) {
            let help = "write an operator between the parts of the expression, or name=value";
            return Err(fault_at_span(
                st,
                arg.span(),
                "bad-expression",
                "this does not belong to the expression",
                help,
            ));
        }
    }
    Ok(())
}

/// A fault whose place is known as a span of the file rather than as a rest of the statement.
pub(super) fn fault_at_span(
    st: &Statement<'_>,
    span: crate::diagnostic::Span,
    code: &'static str,
    message: impl Into<std::borrow::Cow<'static, str>>,
    help: &'static str,
) -> Failed {
    let (at, len) = st.find(span);
    Fault::new(code, st.text.get(at..).unwrap_or(""), len, message).help(help)
}

/// The dot card `name` in `st`, whose arguments begin at `i`. `.include`, `.lib`, `.subckt` and the like are not cards of
/// this kind.
pub(super) fn card<'a>(st: &Statement<'a>, name: Name, i: &'a str, out: &mut Vec<Item>) -> Result<(), Failed> {
    match name.value.as_str() {
        "model" => out.push(Item::Model(model(st, i)?)),
        "param" | "global_param" => param(st, i, out)?,
        "func" => out.push(Item::Func(func(st, i)?)),
        "if" | "elseif" => {
            let (_, condition) = condition(st, i)?;
            out.push(Item::Card(Card { name, args: vec![Arg::Expr(condition)], span: st.whole() }));
        }
        _ => {
            let (values, inline) = match name.value.as_str() {
                "options" => (Values::Words, false),
                "save" | "result" | "print" | "plot" | "probe" | "four" | "fourier" | "fft" => (Values::Words, true),
                "measure" => (Values::Expressions, true),
                "ic" | "nodeset" | "step" | "temp" | "data" => (Values::Expressions, false),
                _ => (Values::Auto, false),
            };
            let args = Arguments { st, values, inline }.all(i)?;
            if matches!(name.value.as_str(), "tran" | "ac" | "dc" | "temp" | "options") {
                reject_bad_numbers(st, &args)?;
            }
            out.push(Item::Card(Card { name, args, span: st.whole() }));
        }
    }
    Ok(())
}

/// A name that must stand here.
pub(super) fn named<'a>(st: &Statement<'a>, i: &'a str, what: &str, help: &'static str) -> Parsed<'a, Name> {
    let i = separators(i);
    match word(i) {
        Ok((rest, text)) => Ok((rest, Spanned { value: fold(text), span: st.span(i, rest) })),
        Err(_) => Err(Fault::at("missing-name", i, format!("{what} is missing")).help(help)),
    }
}

/// `.model name type(…)`, also with a blank before the parenthesis or without it.
fn model(st: &Statement<'_>, i: &str) -> Result<ModelCard, Failed> {
    const HELP: &str = "write .model name type(parameter=value …)";
    let (rest, name) = named(st, i, "the model's name", HELP)?;
    let (rest, model_type) = named(st, rest, "the model's type", HELP)?;
    let arguments = Arguments { st, values: Values::Auto, inline: false };
    let open = separators(rest);
    let params = if open.starts_with('(') {
        let (rest, mut params) = arguments.group(open, 0)?;
        params.extend(arguments.all(rest)?);
        params
    } else {
        arguments.all(rest)?
    };
    Ok(ModelCard { name, model_type, params: paired(params), span: st.whole() })
}

/// `bf 20` is `bf=20`, as in SPICE2: no parameter of a model is a bare number.
fn paired(args: Vec<Arg>) -> Vec<Arg> {
    let mut out: Vec<Arg> = Vec::with_capacity(args.len());
    for arg in args {
        let is_value = matches!(arg, Arg::Word { number: Some(_), .. } | Arg::Expr(_));
        match out.pop() {
            Some(Arg::Word { text, number: None, span }) if is_value && is_name(&text) => {
                out.push(Arg::Assign(Assign { key: Spanned { value: text, span }, value: Box::new(arg) }));
            }
            last => out.extend(last.into_iter().chain([arg])),
        }
    }
    out
}

/// `.param a=1 b={2*a}`; also `.param f(x)={…}`, which is a function.
fn param(st: &Statement<'_>, i: &str, out: &mut Vec<Item>) -> Result<(), Failed> {
    const HELP: &str = "write .param name=expression";
    let arguments = Arguments { st, values: Values::Expressions, inline: false };
    let mut at = separators(i);
    if at.is_empty() {
        return Err(Fault::at("missing-name", at, "the parameter's name is missing").help(HELP));
    }
    while !at.is_empty() {
        let (rest, name) = named(st, at, "the parameter's name", HELP)?;
        if blanks(rest).starts_with('(') {
            out.push(Item::Func(func(st, at)?));
            return Ok(());
        }
        let Some(value) = assigned(rest) else {
            return Err(Fault::at("bad-param", at, format!("'{}' is given no value", name.value)).help(HELP));
        };
        if !is_name(&name.value) {
            return Err(Fault::at("bad-param", at, format!("'{}' is no parameter name", name.value))
                .help("a name begins with a letter or _ and goes on with letters, digits, _ and ."));
        }
        let (rest, value) = arguments.value(&name, value, 0)?;
        out.push(Item::Param(Assign { key: name, value: Box::new(value) }));
        at = separators(rest);
    }
    Ok(())
}

/// `.func f(x,y) {body}`, also with `=` and with an unbraced body.
fn func(st: &Statement<'_>, i: &str) -> Result<Func, Failed> {
    const HELP: &str = "write .func name(x, y) {expression}";
    let (rest, name) = named(st, i, "the function's name", HELP)?;
    let Some(mut at) = blanks(rest).strip_prefix('(') else {
        return Err(Fault::at("bad-func", rest, "the function's arguments are missing").help(HELP));
    };
    let mut args = Vec::new();
    let body = loop {
        at = separators(at);
        if let Some(rest) = at.strip_prefix(')') {
            break rest;
        }
        let (rest, arg) = named(st, at, "`)` after the function's arguments", HELP)?;
        if !is_name(&arg.value) {
            return Err(Fault::at("bad-func", at, format!("'{}' is no argument name", arg.value)).help(HELP));
        }
        args.push(arg);
        at = rest;
    };
    let body = assigned(body).unwrap_or(body);
    let (_, body) = whole(st, body)?;
    Ok(Func { name, args, body })
}

/// A `.subckt` line: name, ports, parameters.
pub(super) fn subckt(st: &Statement<'_>, i: &str) -> Result<(Name, Vec<Name>, Vec<Assign>), Failed> {
    const HELP: &str = "write .subckt name ports… params: parameter=value …";
    let (rest, name) = named(st, i, "the subcircuit's name", HELP)?;
    let arguments = Arguments { st, values: Values::Expressions, inline: false };
    let (mut ports, mut params) = (Vec::new(), Vec::new());
    let mut list = arguments.all(rest)?;
    // Ports may stand in parentheses.
    if let Some(Arg::Call { name, args, .. }) = list.first_mut()
        && name.value.is_empty()
    {
        let inner = std::mem::take(args);
        list.splice(0..1, inner);
    }
    let mut only_params = false;
    for arg in list {
        match arg {
            Arg::Word { text, .. } if text == "params:" => only_params = true,
            Arg::Word { text, span, .. } if !only_params => ports.push(Spanned { value: text, span }),
            Arg::Assign(a) => {
                only_params = true;
                params.push(a);
            }
            other => {
                return Err(fault_at_span(
                    st,
                    other.span(),
                    "bad-subckt",
                    "a port or name=value must stand here",
                    HELP,
                ));
            }
        }
    }
    Ok((name, ports, params))
}
