//! Hints for misspelt names.

use crate::diagnostic::units::nearest;

/// `did you mean 'x'?`, if there is a near name that is not the name itself.
pub(super) fn did_you_mean<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(name, names.into_iter().filter(|n| *n != name)).map(|n| format!("did you mean '{n}'?"))
}
