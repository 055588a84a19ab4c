//! `/search?q=`: items that hold every word of the query.

use maud::html;

use super::shelf::cards;
use crate::catalogue;
use crate::layout::Page;
use crate::visit::Visit;

/// The longest query that is looked at; the rest is cut off.
const QUERY_CHARS_MAX: usize = 100;

pub(super) fn page(visit: &Visit) -> Page {
    let query: String = visit.parameter("q").unwrap_or_default().chars().take(QUERY_CHARS_MAX).collect();
    let found = catalogue::search(&query);
    let content = html! {
        section.shelf.results aria-labelledby="results" {
            h1 #results {
                @if query.trim().is_empty() { "Search" } @else { "Results for “" (query) "”" }
            }
            form.search.large action="/search" role="search" {
                label.unseen for="query" { "Search for" }
                input #query type="search" name="q" value=(query) maxlength=(QUERY_CHARS_MAX) data-test="search-query";
                (visit.carried_fields())
                button.button type="submit" { "Search" }
            }
            @if query.trim().is_empty() {
                p.quiet { "Try “lamp”, “walnut” or “breakfast”." }
            } @else if found.is_empty() {
                p.quiet data-test="no-results" { "Nothing like that on our shelves. Try “lamp”, “walnut” or “breakfast”." }
            } @else {
                p.quiet data-test="result-count" { (found.len()) @if found.len() == 1 { " piece" } @else { " pieces" } }
                (cards(visit, found))
            }
        }
    };
    Page::new("search", "Search", content)
}
