//! The Content-Security-Policy of a page, when a knob asks for one.

use crate::knobs::{Csp, Failure};
use crate::visit::Visit;

/// The policy, or `None` where the page has none.
///
/// It allows what the shop and the beacon need and nothing inline. `csp=strict` lacks `'wasm-unsafe-eval'`, which is what
/// compiling WebAssembly needs. `error=csp` brings a policy too, so that there is something to violate.
pub(crate) fn content_security_policy(visit: &Visit) -> Option<String> {
    let wasm = match (visit.knobs.csp, visit.knobs.error) {
        (Some(Csp::Strict), _) => "",
        (Some(Csp::Wasm), _) | (None, Some(Failure::Csp)) => " 'wasm-unsafe-eval'",
        (None, _) => return None,
    };
    let collector = &visit.site.collector_origin;
    let cdn = visit.site.cdn.as_deref().unwrap_or_default();
    Some(format!(
        "default-src 'none'; script-src 'self' {collector}{wasm}; connect-src 'self' {collector}; img-src 'self' {cdn}; \
         style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
    ))
}
