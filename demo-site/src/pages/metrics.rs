//! `/metrics`: each metric where it can be provoked, with what the browser observes of it (`metrics.js`) and what the beacon tells of it.

use maud::{Markup, html};

use super::shelf::main_visual;
use crate::layout::Page;
use crate::visit::Visit;

/// What the link of the soft navigation changes: the path's end, the name, a picture and a text. The first is the page's own path.
const CHAPTERS: [(&str, &str, &str, &str); 3] = [
    ("", "Noon", "field-serving-bowl-card", "Lunch for eleven, out of one bowl."),
    ("morning", "Morning", "dawn-mug-card", "The first cup, before anybody asks for anything."),
    ("evening", "Evening", "bell-pendant-card", "One lamp, one table, and the dishes can wait."),
];

/// A section of the page.
struct Metric {
    id: &'static str,
    title: &'static str,
    what: &'static str,
    /// What provokes it.
    controls: Markup,
    /// What the browser observes, drawn by `metrics.js`: the key there, and the label.
    live: &'static [(&'static str, &'static str)],
    /// Where the beacon's word of it is found: a table, and columns of it.
    told: &'static [(&'static str, &'static [&'static str])],
    note: &'static str,
}

/// `chapter` is the path's end after `/metrics`, empty without one; `None` where there is no such chapter.
pub(super) fn page(visit: &Visit, chapter: &str) -> Option<Page> {
    let metrics = [
        [lcp(visit), paints(visit)],
        [cls(), inp()],
        [frames(), soft(visit, chapter)?],
        [errors(), timings()],
        [clicks(), goal()],
    ];
    let content = html! {
        div.banner {
            div.banner-text {
                h1 { "What the beacon measures" }
                p { "Provoke each metric, and see what your browser observes of it: counted by this page itself, without any other script." }
            }
            (main_visual(visit, "hero", "A teapot, a mug, a plant, a lamp and a bowl of oranges on a table", (1600, 900)))
        }
        div.metrics-page {
            nav.metric-links aria-label="Metrics" {
                @for metric in metrics.iter().flatten() { a href={ "#" (metric.id) } { (metric.title) } }
            }
            noscript { p { "What is observed is shown by a script, and scripts are off." } }
            (debugging(visit))
            div.metrics { @for metric in metrics.iter().flatten() { (section(metric)) } }
        }
    };
    let page = Page::new("metrics", "What the beacon measures", content);
    Some(Page { script: Some("metrics.js"), debug: is_debugged(visit), ..page })
}

fn section(metric: &Metric) -> Markup {
    html! {
        section.metric id=(metric.id) aria-labelledby={ (metric.id) "-title" } data-test="metric" {
            h2 id={ (metric.id) "-title" } { (metric.title) }
            p { (metric.what) }
            (metric.controls)
            dl.live {
                @for (key, label) in metric.live { div { dt { (label) } dd data-live=(key) { "–" } } }
            }
            p.told {
                "The beacon tells: "
                @for (index, (table, columns)) in metric.told.iter().enumerate() {
                    @if index > 0 { "; " }
                    @for (index, column) in columns.iter().enumerate() {
                        @if index > 0 { ", " }
                        code data-table=(table) { (column) }
                    }
                    " of " code { (table) }
                }
                ". " (metric.note)
            }
        }
    }
}

fn debugging(visit: &Visit) -> Markup {
    html! {
        aside.debugging aria-labelledby="debugging" {
            h2 #debugging { "See the beacon itself" }
            p {
                "With " code { "data-debug" } " on its script tag the beacon prints everything it sends into the console, as tables: two seconds after \
                 load, at each goal, and when the page is hidden (switch to another tab and back). "
                @if is_debugged(visit) {
                    "This page has it now: open the developer tools, or go " a href="/metrics" { "back to the page without it" } "."
                } @else {
                    a href="/metrics?debug" data-test="debug-link" { "Open this page with it" } "."
                }
                " It needs the collector, from which the beacon comes; everything else here does not."
            }
        }
    }
}

fn is_debugged(visit: &Visit) -> bool {
    visit.has("debug")
}

/// This page again with these knobs, debugged if it is so now.
fn again(visit: &Visit, knobs: &str) -> String {
    let debug = if is_debugged(visit) { "&debug" } else { "" };
    format!("/metrics?{knobs}{debug}")
}

fn links(visit: &Visit, links: &[(&str, &str)]) -> Markup {
    html! {
        ul.metric-controls { @for (knobs, what) in links { li { a href=(again(visit, knobs)) { (what) } } } }
    }
}

fn lcp(visit: &Visit) -> Metric {
    Metric {
        id: "lcp",
        title: "LCP",
        what: "Largest Contentful Paint: when the largest picture or text of the first view was there. It ends with the first click or key, so \
               only a load can change it.",
        controls: html! {
            (links(visit, &[
                ("delay_image=2000", "Load again, the large picture 2 s late"),
                ("image_kb=5000", "Load again, the picture 5 MB heavy"),
                ("lcp=text", "Load again, a text in its place"),
            ]))
            div.metric-controls {
                button.button.small type="button" data-do="picture" data-picture=(visit.picture("bell-pendant")) { "Bring a picture by a click" }
            }
            div.late-picture #late-picture {}
        },
        live: &[("lcp", "LCP"), ("lcp-element", "Element"), ("lcp-parts", "First byte, delay, load, render")],
        told: &[(
            "page_views",
            &["lcp_ms", "lcp_element", "lcp_url", "lcp_load_delay_ms", "lcp_load_duration_ms", "lcp_render_delay_ms"],
        )],
        note: "The picture that a click brings is none, however large.",
    }
}

fn paints(visit: &Visit) -> Metric {
    Metric {
        id: "paints",
        title: "TTFB and FCP",
        what: "Time to First Byte, and when the first text or picture was painted, of the load that brought this page.",
        controls: links(
            visit,
            &[
                ("delay_document=1500", "Load again, the first byte 1.5 s late"),
                ("delay_css=1200", "Load again, the style sheet 1.2 s late"),
                ("delay_body=1000", "Load again, the body 1 s after the head"),
                ("redirect=3", "Load again after three redirects"),
                ("server_timing=1", "Load again with Server-Timing"),
            ],
        ),
        live: &[
            ("ttfb", "TTFB"),
            ("fp", "First Paint"),
            ("fcp", "FCP"),
            ("load", "Load event"),
            ("server-timing", "Server-Timing"),
        ],
        told: &[(
            "page_views",
            &[
                "ttfb_ms",
                "fp_ms",
                "fcp_ms",
                "redirect_ms",
                "request_ms",
                "response_ms",
                "load_ms",
                "server_timings.name",
            ],
        )],
        note: "A page that was hidden when it began has no paints.",
    }
}

fn cls() -> Metric {
    Metric {
        id: "cls",
        title: "CLS",
        what: "Cumulative Layout Shift: how much moved without being asked to. What moves within 500 ms of a click or key is taken as an answer \
               to it, and left out.",
        controls: html! {
            div.metric-controls {
                button.button.small type="button" data-do="shift-later" { "Move the box in 0.7 s" }
                button.button.small type="button" data-do="shift-now" { "Move the box at once" }
            }
            div.shift-stage #shift-stage { p.shifted #shifted { "This box moves." } }
        },
        live: &[
            ("cls", "CLS"),
            ("cls-largest", "Largest shift"),
            ("cls-last", "Last shift"),
            ("cls-element", "It moved"),
        ],
        told: &[("page_views", &["cls", "cls_largest", "cls_largest_at_ms", "cls_element"])],
        note: "The score is that of the worst window: shifts less than 1 s apart, over 5 s at most.",
    }
}

fn inp() -> Metric {
    Metric {
        id: "inp",
        title: "INP",
        what: "Interaction to Next Paint: how long the page took to show that it had noticed a click, tap or key; the longest of the view (of \
               every 50 one is left out).",
        controls: html! {
            div.metric-controls {
                button.button.small type="button" data-do="block" data-ms="100" { "Block for 100 ms" }
                button.button.small type="button" data-do="block" data-ms="300" { "Block for 300 ms" }
            }
        },
        live: &[
            ("inp", "INP"),
            ("inp-element", "Element"),
            ("inp-last", "Last interaction"),
            ("inp-parts", "Delay, handlers, paint"),
            ("interactions", "Interactions"),
        ],
        told: &[(
            "page_views",
            &[
                "inp_ms",
                "inp_input_delay_ms",
                "inp_processing_ms",
                "inp_presentation_ms",
                "inp_at_ms",
                "inp_kind",
                "inp_element",
                "interactions",
            ],
        )],
        note: "",
    }
}

fn frames() -> Metric {
    Metric {
        id: "frames",
        title: "Long animation frames",
        what: "Frames that took longer than 50 ms, and the script that is to blame; long tasks in browsers that do not tell frames. This one \
               starts 0.3 s after the click, so it is no part of INP.",
        controls: html! {
            div.metric-controls {
                button.button.small type="button" data-do="frame" { "Block a frame for 200 ms" }
            }
        },
        live: &[
            ("frames", "Long frames"),
            ("frames-blocking", "Blocking time"),
            ("frames-longest", "Longest"),
            ("frames-script", "Script of the last"),
            ("frames-forced", "Layout that it forced"),
        ],
        told: &[(
            "page_views",
            &[
                "frames_count",
                "frames_blocking_ms",
                "frames_longest_ms",
                "frames_are_tasks",
                "frames.duration_ms",
                "frames.function",
                "frames.invoker",
                "frames.forced_layout_ms",
            ],
        )],
        note: "The five that blocked longest are told one by one.",
    }
}

fn soft(visit: &Visit, chapter: &str) -> Option<Metric> {
    let shown = CHAPTERS.iter().find(|(name, ..)| *name == chapter)?;
    Some(Metric {
        id: "soft",
        title: "Soft navigation",
        what: "A link that changes the path with history.pushState and swaps the content. The beacon ends the view, and begins another: what is \
               observed here of CLS, INP, frames and clicks begins anew as well.",
        controls: html! {
            nav.metric-controls aria-label="Soft navigation" {
                @for (name, title, ..) in &CHAPTERS {
                    @let path = if name.is_empty() { "/metrics".to_owned() } else { format!("/metrics/{name}") };
                    @let path = if is_debugged(visit) { format!("{path}?debug") } else { path };
                    a.soft-link href=(visit.link(&path)) data-chapter=(name) aria-current=[(*name == chapter).then_some("true")] { (title) }
                }
            }
            div.chapter #chapter { (chapter_content(visit, shown)) }
            @for chapter in &CHAPTERS { template id={ "chapter-" (chapter.0) } { (chapter_content(visit, chapter)) } }
        },
        live: &[
            ("soft-views", "Views of this document"),
            ("soft-path", "Path"),
            ("soft-since", "This view began"),
            ("soft-paint", "First paint of it"),
        ],
        told: &[("page_views", &["navigation_type", "path", "view_number", "ts", "fcp_ms", "lcp_ms"])],
        note: "navigation_type is soft; paints are told where the browser has the Soft Navigation API.",
    })
}

fn chapter_content(visit: &Visit, &(_, title, picture, text): &(&str, &str, &str, &str)) -> Markup {
    html! {
        img src=(visit.picture(picture)) alt="" width="440" height="550" loading="lazy";
        div { h3 { (title) } p { (text) } }
    }
}

fn errors() -> Metric {
    Metric {
        id: "errors",
        title: "Errors",
        what: "Uncaught errors, rejected promises and files that fail are told by themselves; an error that the page caught is told with \
               slowtax('error', error).",
        controls: html! {
            div.metric-controls {
                button.button.small type="button" data-do="throw" { "Throw" }
                button.button.small type="button" data-do="reject" { "Reject a promise" }
                button.button.small type="button" data-do="missing" { "Ask for a missing picture" }
                button.button.small type="button" data-do="report" { "Catch and report" }
            }
        },
        live: &[
            ("error-uncaught", "Uncaught"),
            ("error-rejection", "Rejections"),
            ("error-resource", "Failed files"),
            ("error-reported", "Reported"),
            ("error-last", "Last"),
        ],
        told: &[("page_errors", &["kind", "message", "source", "line", "column", "count"])],
        note: "One row for each different error of a view, at most ten.",
    }
}

fn timings() -> Metric {
    Metric {
        id: "timings",
        title: "User timing",
        what: "The page's own marks and measures, with the browser's performance.mark and performance.measure.",
        controls: html! {
            div.metric-controls {
                button.button.small type="button" data-do="mark" { "Set a mark" }
                button.button.small type="button" data-do="measure" { "Measure since the last mark" }
            }
        },
        live: &[
            ("marks", "Marks"),
            ("mark-last", "Last mark"),
            ("measures", "Measures"),
            ("measure-last", "Last measure"),
        ],
        told: &[("page_views", &["timings.name", "timings.is_measure", "timings.start_ms", "timings.duration_ms"])],
        note: "At most 20 of a view. Without a mark, the measure begins with the document.",
    }
}

fn clicks() -> Metric {
    Metric {
        id: "clicks",
        title: "Rage and dead clicks",
        what: "Three clicks within a second at one place are a burst of rage; a click that nothing follows within a second is dead. The second \
               area looks like a button, and does nothing.",
        controls: html! {
            div.metric-controls {
                button.button.small type="button" data-do="rage" { "Click me three times, fast" }
                span.button.small.dead { "Nothing happens here" }
            }
        },
        live: &[("clicks", "Clicks"), ("rage", "Rage"), ("dead", "Dead")],
        told: &[("page_views", &["rage_clicks", "dead_clicks"])],
        note: "After a click beside buttons and links this page draws nothing for 1.1 s, or it would itself be what follows the click.",
    }
}

fn goal() -> Metric {
    Metric {
        id: "goal",
        title: "Goal",
        what: "What a visitor is there for, told by the page: slowtax('goal', 'demo-goal', { value: 12.5 }). It is sent at once, with the \
               session's earlier views.",
        controls: html! {
            div.metric-controls {
                button.button.small type="button" data-do="goal" { "Reach a goal worth 12.50" }
            }
        },
        live: &[("goals", "Told"), ("goal-beacon", "Beacon")],
        told: &[("goals", &["name", "value", "ts", "earlier_ts", "earlier_lcp_ms"]), ("page_views", &["reason"])],
        note: "The snapshot's reason is goal.",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::site::Site;

    fn html(address: &str) -> String {
        let site = Site::new("http://127.0.0.1:8080", "shop".into(), None).expect("a good address");
        let visit = Visit::read(Arc::new(site), &address.parse().expect("a good address")).expect("good knobs");
        page(&visit, "").expect("the page").content.into_string()
    }

    /// The values of an attribute, in their order.
    fn values<'a>(text: &'a str, attribute: &str) -> Vec<&'a str> {
        let start = format!("{attribute}=\"");
        text.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn every_column_that_is_named_is_one_of_its_table() {
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sql/migrations");
        let sql: Vec<String> = fs::read_dir(migrations)
            .expect("the migrations")
            .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("UTF-8"))
            .collect();
        let html = html("/metrics");
        let named: Vec<_> = html.split("<code data-table=\"").skip(1).collect();
        assert!(named.len() > 50, "{}", named.len());
        for rest in named {
            let (table, rest) = rest.split_once("\">").expect("a table");
            let column = rest.split('<').next().expect("a column");
            let of_table = |sql: &&String| {
                [format!("CREATE TABLE {table}\n"), format!("ALTER TABLE {table}\n")]
                    .iter()
                    .any(|start| sql.contains(start))
            };
            let stands = [format!("    {column} "), format!("COLUMN IF NOT EXISTS {column} "), format!("`{column}` ")];
            let found = sql.iter().filter(of_table).any(|sql| stands.iter().any(|column| sql.contains(column)));
            assert!(found, "{table} has no column {column}");
        }
    }

    #[test]
    fn the_script_knows_every_button_and_every_value_of_the_page_and_no_other() {
        let script = include_str!("../../static/metrics.js");
        let html = html("/metrics");
        let buttons = values(&html, "data-do");
        let live = values(&html, "data-live");
        assert!(buttons.len() > 10 && live.len() > 30, "{buttons:?} {live:?}");
        for button in buttons {
            let acts = [format!("\n    {button}("), format!("\n    '{button}'(")];
            assert!(acts.iter().any(|act| script.contains(act)), "metrics.js does nothing for {button}");
        }
        for key in &live {
            assert!(
                script.contains(&format!("show('{key}'")) || key.starts_with("error-"),
                "metrics.js does not show {key}"
            );
        }
        for key in script.split("show('").skip(1).filter_map(|rest| rest.split('\'').next()) {
            assert!(live.contains(&key), "the page has no place for {key}");
        }
    }

    #[test]
    fn links_of_a_debugged_page_keep_it_so() {
        assert!(!html("/metrics").contains("debug\">Load") && !html("/metrics").contains("/metrics/morning?debug"));
        let debugged = html("/metrics?debug");
        assert!(
            debugged.contains("/metrics?delay_image=2000&amp;debug\"") && debugged.contains("/metrics/morning?debug\"")
        );
    }
}
