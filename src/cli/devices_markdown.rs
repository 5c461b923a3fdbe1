//! The same as Markdown: the sections of the manual.

use super::{form, function_form, parameters, specs};
use crate::device::{DeviceSpec, FunctionSpec, ParamSpec};

/// Every kind, and every source function once.
pub(super) fn all() -> String {
    let mut sections: Vec<String> = specs().map(kind).collect();
    let mut seen: Vec<&str> = Vec::new();
    for f in specs().flat_map(|s| s.functions) {
        if !seen.contains(&f.name) {
            seen.push(f.name);
            sections.push(function(f));
        }
    }
    sections.join("\n")
}

/// One kind of device.
pub(super) fn kind(spec: &DeviceSpec) -> String {
    let mut out = format!("## {}: {}\n\n```text\n{}\n", spec.name, spec.doc, form(spec));
    for f in spec.other_forms {
        out += &format!("{}name … {}=…   the same with {}\n", f.letter.to_uppercase(), f.key, f.parameter);
    }
    out += "```\n\n";
    for part in spec.equations.lines().flat_map(|line| line.split(";  ")) {
        out += &format!("    {}\n", part.trim());
    }
    let rows = |list: &[(&str, &str)]| {
        list.iter().map(|(name, doc)| format!("| `{name}` | {} |\n", cell(doc))).collect::<String>()
    };
    let terminals: Vec<(&str, &str)> = spec.terminals.iter().map(|t| (t.name, t.doc)).collect();
    out += &format!("\n| terminal | |\n|---|---|\n{}", rows(&terminals));
    if !spec.controls.is_empty() {
        let controls: Vec<(&str, &str)> = spec.controls.iter().map(|c| (c.name, c.doc)).collect();
        out += &format!("\n| refers to | |\n|---|---|\n{}", rows(&controls));
    }
    out += &parameter_table("parameter of the element", spec.instance);
    let levels: Vec<String> = spec.levels.iter().map(u32::to_string).collect();
    let levels = if levels.is_empty() { String::new() } else { format!(", level {}", levels.join(", ")) };
    out += &parameter_table(
        &format!("parameter of `.model name {}`{levels}", spec.model_types.join("\\|")),
        spec.model_params,
    );
    if !spec.functions.is_empty() {
        let names: Vec<String> = spec.functions.iter().map(|f| format!("[{0}](#{0})", f.name)).collect();
        out += &format!("\nFunctions of time: {}.\n", names.join(", "));
    }
    out
}

/// One source function.
pub(super) fn function(f: &FunctionSpec) -> String {
    let mut out = format!("## {}\n\n```text\n{}\n```\n\n{}\n", f.name, function_form(f), f.doc);
    out += &parameter_table("argument", f.args);
    out += &parameter_table("option", f.options);
    out
}

fn parameter_table(title: &str, list: &[ParamSpec]) -> String {
    let rows = parameters(list);
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!("\n| {title} | unit | default | range | |\n|---|---|---|---|---|\n");
    for row in rows.iter().skip(1) {
        let cells: Vec<String> = row.iter().map(|c| cell(c)).collect();
        out += &format!("| `{}` | {} |\n", cells[0], cells[1..].join(" | "));
    }
    out
}

/// A text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
