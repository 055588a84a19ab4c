//! One request for a page: its path, its parameters, its knobs, and the addresses that its links get.

use std::sync::Arc;

use axum::http::Uri;
use form_urlencoded::Serializer;
use maud::{Markup, html};

use crate::knobs::{self, Cdn, KnobError, Knobs};
use crate::site::Site;

/// The longest query string that is read.
pub(crate) const QUERY_BYTES_MAX: usize = 4096;

/// A page's request, parsed once.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) site: Arc<Site>,
    pub(crate) path: String,
    pub(crate) knobs: Knobs,
    parameters: Vec<(String, String)>,
}

impl Visit {
    /// Reads a request's address.
    pub(crate) fn read(site: Arc<Site>, uri: &Uri) -> Result<Visit, KnobError> {
        let query = uri.query().unwrap_or_default();
        if query.len() > QUERY_BYTES_MAX {
            return Err(KnobError::TooLong { max: QUERY_BYTES_MAX });
        }
        let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let knobs = Knobs::read(&parameters)?;
        if let (Some(cdn), None) = (knobs.cdn, &site.cdn) {
            let value = if cdn == Cdn::Tao { "tao" } else { "plain" };
            return Err(KnobError::NoCdn { value: value.to_owned() });
        }
        Ok(Visit { site, path: uri.path().to_owned(), knobs, parameters })
    }

    /// The same place without any knob or parameter: for a page that says what was wrong with them.
    pub(crate) fn without_query(site: Arc<Site>, uri: &Uri) -> Visit {
        Visit { site, path: uri.path().to_owned(), knobs: Knobs::default(), parameters: Vec::new() }
    }

    /// The first value of a parameter, if it is given and not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a parameter is given, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(n, _)| n == name)
    }

    /// Where the next redirect goes, while some are asked for: the same address with one redirect less.
    pub(crate) fn redirect(&self) -> Option<String> {
        if self.knobs.redirect == 0 {
            return None;
        }
        let mut query = Serializer::new(String::new());
        for (name, value) in &self.parameters {
            match (name.as_str(), self.knobs.redirect - 1) {
                ("redirect", 0) => {}
                ("redirect", left) => {
                    query.append_pair(name, &left.to_string());
                }
                _ => {
                    query.append_pair(name, value);
                }
            }
        }
        // One slash only: `//host` would lead to another origin.
        let path = format!("/{}", self.path.trim_start_matches('/'));
        Some(with_query(&path, &query.finish()))
    }

    /// The knobs that links carry on: all of them if they are sticky, else none.
    fn carried(&self) -> impl Iterator<Item = (&str, &str)> {
        let sticky = self.knobs.sticky;
        let pairs = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pairs.filter(move |(name, value)| sticky && !value.is_empty() && knobs::find(name).is_some())
    }

    /// A link to a page of this shop. `path` may have a query of its own.
    pub(crate) fn link(&self, path: &str) -> String {
        let query = Serializer::new(String::new()).extend_pairs(self.carried()).finish();
        with_query(path, &query)
    }

    /// The same for a form, which replaces its address's query by its fields.
    pub(crate) fn carried_fields(&self) -> Markup {
        html! {
            @for (name, value) in self.carried() { input type="hidden" name=(name) value=(value); }
        }
    }

    /// The address of the style sheet or of the script.
    pub(crate) fn asset(&self, name: &str, delay_ms: u32) -> String {
        let delay = if delay_ms == 0 { String::new() } else { format!("&delay={delay_ms}") };
        format!("/cdn/{name}?v={}{delay}", self.site.version)
    }

    /// The address of a picture.
    pub(crate) fn picture(&self, name: &str) -> String {
        let address = format!("/cdn/pictures/{name}.jpg?v={}", self.site.version);
        self.on_cdn(address)
    }

    /// The address of the page's main picture, to which its knobs apply.
    pub(crate) fn main_picture(&self, name: &str) -> String {
        let knobs = &self.knobs;
        let delay = if knobs.delay_image_ms == 0 { String::new() } else { format!("&delay={}", knobs.delay_image_ms) };
        let kb = if knobs.image_kb == 0 { String::new() } else { format!("&kb={}", knobs.image_kb) };
        format!("{}{delay}{kb}", self.picture(name))
    }

    /// The address of one of the extra resources.
    pub(crate) fn extra(&self, number: u32) -> String {
        self.on_cdn(format!("/cdn/extra/{number}.gif"))
    }

    fn on_cdn(&self, address: String) -> String {
        match (self.knobs.cdn, &self.site.cdn) {
            (Some(Cdn::Plain), Some(origin)) => format!("{origin}{address}"),
            (Some(Cdn::Tao), Some(origin)) => format!("{origin}{}", with_query(&address, "tao=1")),
            _ => address,
        }
    }
}

fn with_query(path: &str, query: &str) -> String {
    match (query.is_empty(), path.contains('?')) {
        (true, _) => path.to_owned(),
        (false, false) => format!("{path}?{query}"),
        (false, true) => format!("{path}&{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(uri: &str) -> Visit {
        let cdn = Some("http://127.0.0.1:9".to_owned());
        let site = Site::new("http://127.0.0.1:8080", "shop".into(), cdn).expect("a good address");
        Visit::read(Arc::new(site), &uri.parse().expect("a good address")).expect("good knobs")
    }

    #[test]
    fn links_carry_knobs_only_when_they_are_sticky() {
        assert_eq!(visit("/?shift=late&q=x").link("/cart"), "/cart");
        let sticky = visit("/?shift=late&q=x&knobs=sticky&delay_css=");
        assert_eq!(sticky.link("/cart"), "/cart?shift=late&knobs=sticky");
        assert_eq!(sticky.link("/search?q=a"), "/search?q=a&shift=late&knobs=sticky");
        assert!(sticky.carried_fields().into_string().contains(r#"name="shift" value="late""#));
    }

    #[test]
    fn redirects_count_down_and_keep_everything_else() {
        let first = visit("/item/101?redirect=2&utm_source=a%26b").redirect().expect("a redirect");
        assert_eq!(first, "/item/101?redirect=1&utm_source=a%26b");
        let second = visit(&first).redirect().expect("a redirect");
        assert_eq!(second, "/item/101?utm_source=a%26b");
        assert_eq!(visit(&second).redirect(), None);
        assert_eq!(visit("//other.example/?redirect=1").redirect().as_deref(), Some("/other.example/"));
    }

    #[test]
    fn pictures_come_from_the_second_origin_when_asked() {
        assert!(visit("/").picture("hero").starts_with("/cdn/pictures/hero.jpg?v="));
        assert!(visit("/?cdn=plain").picture("hero").starts_with("http://127.0.0.1:9/cdn/pictures/hero.jpg?v="));
        let main = visit("/?cdn=tao&delay_image=7&image_kb=9").main_picture("hero");
        assert!(main.ends_with("&tao=1&delay=7&kb=9"), "{main}");
    }
}
