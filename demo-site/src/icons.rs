//! Line icons, drawn in a box of 24.

use maud::PreEscaped;

type Icon = PreEscaped<&'static str>;

/// Wraps the paths of an icon.
macro_rules! icon {
    ($paths:literal) => {
        PreEscaped(concat!(
            r#"<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" "#,
            r#"stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">"#,
            $paths,
            "</svg>"
        ))
    };
}

pub(crate) const SEARCH: Icon = icon!(r#"<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21"/>"#);
pub(crate) const BAG: Icon = icon!(r#"<path d="M5 8h14l1 12.5H4L5 8Z"/><path d="M8.5 10.5V7a3.5 3.5 0 0 1 7 0v3.5"/>"#);
pub(crate) const HANDS: Icon = icon!(
    r#"<path d="M4 13c2-1 4-1 6 .5 1.5 1 3 1 4.5.5"/><path d="M4 19c3-1 5 1 8 1 4 0 6-2.5 8-5.5-1-1-2-1-3-.3l-3 2"/><circle cx="14" cy="6" r="3"/>"#
);
pub(crate) const LEAF: Icon =
    icon!(r#"<path d="M5 19C4 10 10 4 20 4c0 10-5 16-13 15"/><path d="M5 21c1-5 4-9 9-11"/>"#);
pub(crate) const CLOCK: Icon = icon!(r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>"#);
pub(crate) const CHECK: Icon = icon!(r#"<circle cx="12" cy="12" r="9"/><path d="m8 12.3 2.7 2.7L16 9.5"/>"#);
