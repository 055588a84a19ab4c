//! Forms: `multipart/form-data` bodies.
//!
//! Clients send a statement and its parameters as fields of a form, so that they need not fit a URL; and tables of
//! their own as files, which the statement can read like temporary tables. As on a server, a form's fields are the
//! statement (`query`) and its parameters (`param_x`), no settings; a file `t` is described by the URL's `t_structure` or
//! `t_types` and `t_format`.

use crate::exception::{ErrorCode, Exception};
use crate::limits::{FORM_PART_HEAD_BYTES_MAX, FORM_PARTS_MAX};

/// A part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// Whether it is a file.
    pub is_file: bool,
    /// Its content.
    pub content: Vec<u8>,
}

/// The boundary of a `Content-Type` header, if it announces a form.
pub fn boundary(content_type: &str) -> Result<Option<String>, Exception> {
    let mut parameters = content_type.split(';').map(str::trim);
    if !parameters.next().is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data")) {
        return Ok(None);
    }
    let boundary = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned());
    match boundary {
        // RFC 2046 allows 1 to 70 characters.
        Some(boundary) if (1..=70).contains(&boundary.len()) => Ok(Some(boundary)),
        _ => Err(malformed("it has no boundary")),
    }
}

/// Divides a form into its parts.
pub fn parts(form: &[u8], boundary: &str) -> Result<Vec<Part>, Exception> {
    // Every delimiter but the first stands on a line of its own; with a line end put before the form the first does too.
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let first = &delimiter[2..];
    let mut rest = match form.strip_prefix(first) {
        Some(rest) => rest,
        None => after(form, &delimiter).ok_or_else(|| malformed("its boundary is missing"))?,
    };
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        if parts.len() == FORM_PARTS_MAX {
            return Err(malformed(&format!("it has more than {FORM_PARTS_MAX} parts")));
        }
        let line_end = find(rest, b"\r\n").ok_or_else(|| malformed("it is cut off"))?;
        let part = &rest[line_end..];
        let end = find(part, &delimiter).ok_or_else(|| malformed("it is cut off"))?;
        parts.push(parse(&part[..end])?);
        rest = &part[end + delimiter.len()..];
    }
}

/// A part from its first line end to before its delimiter: headers, an empty line, the content.
fn parse(part: &[u8]) -> Result<Part, Exception> {
    let head_end = find(part, b"\r\n\r\n").ok_or_else(|| malformed("a part has no end of its headers"))?;
    if head_end > FORM_PART_HEAD_BYTES_MAX {
        return Err(malformed("the headers of a part are too long"));
    }
    let head = String::from_utf8_lossy(&part[..head_end]);
    let disposition = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value)
        .ok_or_else(|| malformed("a part has no Content-Disposition"))?;
    let name = parameter(disposition, "name").ok_or_else(|| malformed("a part has no name"))?;
    let is_file = parameter(disposition, "filename").is_some();
    Ok(Part { name, is_file, content: part[head_end + 4..].to_vec() })
}

/// A parameter of a header, without its quotes.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = &header[header.find(';')?..];
    while let Some(next) = rest.strip_prefix(';') {
        let (name, value) = next.split_once('=')?;
        let (value, tail) = if let Some(quoted) = value.strip_prefix('"') {
            until_quote(quoted)?
        } else {
            let end = value.find(';').unwrap_or(value.len());
            (value[..end].trim().to_owned(), &value[end..])
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = tail.trim_start();
    }
    None
}

/// The text up to the closing quote, unescaped, and what follows it.
fn until_quote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

fn after<'form>(form: &'form [u8], delimiter: &[u8]) -> Option<&'form [u8]> {
    find(form, delimiter).map(|at| &form[at + delimiter.len()..])
}

/// Where the needle begins. Looks for its first byte first, as forms are long and needles rare.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(step) = haystack.get(at..)?.iter().position(|byte| *byte == needle[0]) {
        at += step;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn malformed(why: &str) -> Exception {
    Exception::new(ErrorCode::BAD_ARGUMENTS, format!("The form in the request's body is malformed: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn form(fields: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
        let mut form = Vec::new();
        for (name, file, content) in fields {
            let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\"\r\nContent-Type: text/csv"));
            form.extend_from_slice(
                format!("--B0\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").as_bytes(),
            );
            form.extend_from_slice(content);
            form.extend_from_slice(b"\r\n");
        }
        form.extend_from_slice(b"--B0--\r\n");
        form
    }

    #[test]
    fn a_form_is_known_by_its_content_type() {
        assert_eq!(boundary("multipart/form-data; boundary=abc").unwrap().as_deref(), Some("abc"));
        assert_eq!(boundary("Multipart/Form-Data; charset=x; Boundary=\"a b\"").unwrap().as_deref(), Some("a b"));
        assert_eq!(boundary("text/plain; boundary=abc").unwrap(), None);
        assert_eq!(boundary("multipart/form-data").unwrap_err().code, 36);
        assert_eq!(boundary("multipart/form-data; boundary=").unwrap_err().code, 36);
    }

    #[test]
    fn fields_and_files_are_told_apart_and_kept_to_the_byte() {
        let form =
            form(&[("query", None, b"SELECT '\r\n--B1'"), ("t", Some("t.csv"), b"1,\r\n"), ("empty", None, b"")]);
        let parts = parts(&form, "B0").unwrap();
        let expected = [("query", false, &b"SELECT '\r\n--B1'"[..]), ("t", true, b"1,\r\n"), ("empty", false, b"")];
        assert_eq!(parts.len(), expected.len());
        for (part, (name, is_file, content)) in parts.iter().zip(expected) {
            assert_eq!((part.name.as_str(), part.is_file, part.content.as_slice()), (name, is_file, content));
        }
        assert_eq!(parameter("form-data; name=\"a\\\"; b\"; filename=c", "filename").as_deref(), Some("c"));
        assert_eq!(parameter("form-data; name=\"a\\\"; b\"; filename=c", "name").as_deref(), Some("a\"; b"));
    }

    #[test]
    fn a_preamble_is_skipped_and_a_cut_is_refused() {
        let form = form(&[("a", None, b"1"), ("b", None, b"2")]);
        let with_preamble = [b"preamble\r\n".to_vec(), form.clone()].concat();
        assert_eq!(parts(&with_preamble, "B0").unwrap(), parts(&form, "B0").unwrap());
        // The last delimiter is "--B0--": without its final dashes the form may go on.
        let whole = form.len() - 2;
        for end in 0..whole {
            assert_eq!(parts(&form[..end], "B0").map_err(|error| error.code), Err(36), "cut at {end}");
        }
        assert!(parts(&form[..whole], "B0").is_ok());
    }

    #[test]
    fn parts_are_bounded() {
        let fields = vec![("a", None, &b"1"[..]); FORM_PARTS_MAX];
        assert_eq!(parts(&form(&fields), "B0").unwrap().len(), FORM_PARTS_MAX);
        let fields = vec![("a", None, &b"1"[..]); FORM_PARTS_MAX + 1];
        assert_eq!(parts(&form(&fields), "B0").unwrap_err().code, 36);
    }

    proptest! {
        #[test]
        fn what_is_put_in_comes_out(contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..8)) {
            let fields: Vec<(&str, Option<&str>, &[u8])> =
                contents.iter().map(|content| ("a", None, content.as_slice())).collect();
            let out = parts(&form(&fields), "B0").unwrap();
            prop_assert_eq!(out.into_iter().map(|part| part.content).collect::<Vec<_>>(), contents);
        }

        #[test]
        fn any_bytes_are_parts_or_refused(form in "(--B0|\r\n|Content-Disposition: form-data|; name=|\"|--|x|;|=|\\\\){0,30}") {
            let _ = parts(form.as_bytes(), "B0");
        }
    }
}
