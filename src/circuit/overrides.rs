//! Values from outside the netlist (`--set name=value`) that win over what is written in it.

use super::context::Elab;
use super::nearest::did_you_mean;
use super::scope::ScopeId;
use super::*;
use std::collections::BTreeMap;

/// Overrides by name, and which of them found their target.
#[derive(Default)]
pub(super) struct Overrides {
    values: BTreeMap<String, (f64, bool)>,
}

impl Overrides {
    pub fn new(list: &[(String, f64)]) -> Self {
        Overrides { values: list.iter().map(|(n, v)| (n.to_lowercase(), (*v, false))).collect() }
    }
    /// Are there none? Then names need not be put together.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
    /// The value for this name, if there is one; marks it as used.
    pub fn take(&mut self, name: &str) -> Option<f64> {
        if self.values.is_empty() {
            return None;
        }
        let (value, used) = self.values.get_mut(name)?;
        *used = true;
        Some(*value)
    }
}

impl<'a> Elab<'a> {
    /// Reports overrides that name nothing.
    pub fn unused_overrides(&mut self, top: ScopeId) {
        let unused: Vec<String> =
            self.overrides.values.iter().filter(|(_, (_, used))| !used).map(|(n, _)| n.clone()).collect();
        for name in unused {
            let params = self.scopes[top].params.keys().copied();
            let instances = self.flat.iter().map(|f| f.name.as_str());
            let help = did_you_mean(&name, params.chain(instances)).unwrap_or_else(|| {
                "it can be a .param of the top level, instance.parameter, model.parameter, or an option".to_string()
            });
            self.report.add(Diagnostic {
                severity: Severity::Error,
                code: "unknown-override",
                message: format!("there is nothing named '{name}' to set"),
                labels: Vec::new(),
                help: Some(help),
            });
        }
    }
}
