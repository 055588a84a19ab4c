//! The head of an INSERT, and where its data begins.
//!
//! ```text
//! INSERT [INTO] [TABLE] [FUNCTION] name [(columns)] [PARTITION BY ...] [SETTINGS ...]  VALUES data
//!                                                                                      FORMAT name data
//!                                                                                      SELECT ...
//! ```
//! After VALUES the data follows at once. After a format's name blanks are skipped and then at most one line end, so
//! that binary data may begin with any byte. This is how a server reads it.

use super::lexer::{Kind, Lexer, Token};
use super::{Text, second_statement, without_hints};
use crate::exception::{ErrorCode, Exception};

/// What the beginning of a text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// An INSERT whose data follows.
    Insert(InsertHead),
    /// Something that the engine takes as a whole: any other statement, also INSERT ... SELECT.
    Whole,
    /// Not enough of the text is there to tell.
    Incomplete,
}

/// An INSERT whose data follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertHead {
    /// The statement before its FORMAT or VALUES.
    pub sql: Vec<u8>,
    /// The input format.
    pub format: String,
    /// Where the data begins in the text.
    pub data_at: usize,
    /// Whether its settings put `readonly` back to its default.
    pub resets_readonly: bool,
}

/// Reads the beginning of a text. `complete`: there is no more of it.
pub fn head(text: &[u8], complete: bool) -> Result<Head, Exception> {
    let tokens: Vec<Token> = Lexer::new(text).collect();
    let significant: Vec<&Token> = tokens.iter().filter(|token| token.kind != Kind::Comment).collect();
    let undecided = if complete { Head::Whole } else { Head::Incomplete };
    let Some(first) = significant.first() else { return Ok(undecided) };
    let scan = Text(text);
    if !scan.is(first, "INSERT") {
        // The first word may itself be cut.
        return Ok(if first.range.end == text.len() { undecided } else { Head::Whole });
    }
    let Some((clause, name)) = data_clause(&scan, &significant) else {
        return Ok(if is_select(&scan, &significant) { Head::Whole } else { undecided });
    };
    let name_end = name.unwrap_or(clause).range.end;
    if name_end == text.len() && !complete {
        return Ok(Head::Incomplete);
    }
    let (format, data_at) = match name {
        None => ("Values".to_owned(), name_end),
        Some(name) => {
            let Some(data_at) = after_format(text, name_end, complete)? else { return Ok(Head::Incomplete) };
            (String::from_utf8_lossy(&text[name.range.clone()]).into_owned(), data_at)
        }
    };
    let before: Vec<&Token> =
        significant.iter().copied().filter(|token| token.range.end <= clause.range.start).collect();
    scan.refuse_local_files(&before)?;
    let mut sql = without_hints(text, &tokens, clause.range.start);
    // The library puts its own FORMAT clause behind: not into a comment that ends the head.
    sql.push(b'\n');
    Ok(Head::Insert(InsertHead { sql, format, data_at, resets_readonly: scan.resets_readonly(&before) }))
}

/// The VALUES token, or the FORMAT token and the format's name; `None` if there is none before a SELECT or the end.
fn data_clause<'token>(text: &Text<'_>, tokens: &[&'token Token]) -> Option<(&'token Token, Option<&'token Token>)> {
    let mut at = after_target(text, tokens);
    while let Some(&token) = tokens.get(at) {
        if text.is(token, "VALUES") {
            return Some((token, None));
        }
        if text.is(token, "FORMAT") {
            let name = tokens.get(at + 1).filter(|name| name.kind == Kind::Word)?;
            return Some((token, Some(name)));
        }
        if starts_select(text, tokens, at) {
            return None;
        }
        at = after_group(tokens, at);
    }
    None
}

fn is_select(text: &Text<'_>, tokens: &[&Token]) -> bool {
    let mut at = after_target(text, tokens);
    while at < tokens.len() {
        if starts_select(text, tokens, at) {
            return true;
        }
        at = after_group(tokens, at);
    }
    false
}

fn starts_select(text: &Text<'_>, tokens: &[&Token], at: usize) -> bool {
    let selects =
        |token: &&Token| ["SELECT", "WITH", "FROM", "WATCH", "EXPLAIN"].iter().any(|word| text.is(token, word));
    match tokens[at].kind {
        Kind::Symbol(b'(') => {
            tokens.get(at + 1).is_some_and(|inner| selects(inner) || inner.kind == Kind::Symbol(b'('))
        }
        _ => selects(&tokens[at]),
    }
}

/// The index behind `INSERT INTO [TABLE] [FUNCTION] name`, so that a table may be called `format` or `values`.
fn after_target(text: &Text<'_>, tokens: &[&Token]) -> usize {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| text.is(token, word));
    let mut at = 1;
    if is(at, "INTO") {
        at += 1;
    }
    let names = |at: usize| {
        tokens.get(at).is_some_and(|token| {
            matches!(token.kind, Kind::QuotedName | Kind::Symbol(b'{'))
                || token.kind == Kind::Word
                    && !["VALUES", "FORMAT", "SELECT", "WITH", "SETTINGS"].iter().any(|word| text.is(token, word))
        })
    };
    if is(at, "TABLE") && names(at + 1) {
        at += 1;
    }
    if is(at, "FUNCTION") && names(at + 1) {
        // The name and its arguments.
        return after_group(tokens, after_group(tokens, at + 1));
    }
    at = after_group(tokens, at);
    while tokens.get(at).is_some_and(|token| token.kind == Kind::Symbol(b'.')) {
        at = after_group(tokens, at + 1);
    }
    at
}

/// The index behind a token, or behind the bracket that closes it.
fn after_group(tokens: &[&Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.kind {
            Kind::Symbol(b'(' | b'[' | b'{') => depth += 1,
            Kind::Symbol(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// Where the data begins behind a format's name. `None`: the text ends before that can be said.
fn after_format(text: &[u8], name_end: usize, complete: bool) -> Result<Option<usize>, Exception> {
    let mut at = name_end;
    while matches!(text.get(at), Some(b' ' | b'\t' | 0x0c)) {
        at += 1;
    }
    if text.get(at) == Some(&b';') {
        return Err(Exception::new(
            ErrorCode::SYNTAX_ERROR,
            "You have excessive ';' symbol before data for INSERT. The data follows the name of the format, on the \
             next line or after a space.",
        ));
    }
    if text.get(at) == Some(&b'\r') {
        at += 1;
    }
    match text.get(at) {
        Some(b'\n') => Ok(Some(at + 1)),
        Some(_) => Ok(Some(at)),
        None if complete => Ok(Some(at)),
        None => Ok(None),
    }
}

/// Refuses `VALUES (1); SELECT 2`: the engine would ignore what follows the semicolon.
pub fn reject_second_statement_after_values(data: &[u8]) -> Result<(), Exception> {
    let mut tokens = Lexer::new(data).filter(|token| token.kind != Kind::Comment);
    let Some(semicolon) = tokens.find(|token| token.kind == Kind::Symbol(b';')) else { return Ok(()) };
    match tokens.find(|token| token.kind != Kind::Symbol(b';')) {
        Some(extra) => Err(second_statement(data, semicolon.range.start, &extra)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> (String, String, String) {
        match head(text.as_bytes(), true).unwrap() {
            Head::Insert(insert) => (
                String::from_utf8(insert.sql).unwrap(),
                insert.format,
                String::from_utf8(text.as_bytes()[insert.data_at..].to_vec()).unwrap(),
            ),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn data_begins_behind_values_or_the_format() {
        for (text, sql, format, data) in [
            ("INSERT INTO t VALUES (1),(2)", "INSERT INTO t \n", "Values", " (1),(2)"),
            ("insert into t values(1)", "insert into t \n", "Values", "(1)"),
            ("INSERT INTO t (a, b) FORMAT CSV\n1,2\n", "INSERT INTO t (a, b) \n", "CSV", "1,2\n"),
            ("INSERT INTO t FORMAT CSV 1,2", "INSERT INTO t \n", "CSV", "1,2"),
            ("INSERT INTO t FORMAT RowBinary \r\n\n\x01", "INSERT INTO t \n", "RowBinary", "\n\x01"),
            ("INSERT INTO t FORMAT RowBinary", "INSERT INTO t \n", "RowBinary", ""),
            (
                "INSERT INTO d.t SETTINGS async_insert=0, x='FORMAT' FORMAT JSONEachRow {}",
                "INSERT INTO d.t SETTINGS async_insert=0, x='FORMAT' \n",
                "JSONEachRow",
                "{}",
            ),
            ("INSERT INTO `format` FORMAT TSV\n1", "INSERT INTO `format` \n", "TSV", "1"),
            ("INSERT INTO values VALUES (1)", "INSERT INTO values \n", "Values", " (1)"),
            ("INSERT INTO format.values FORMAT TSV\n1", "INSERT INTO format.values \n", "TSV", "1"),
            ("INSERT INTO TABLE t VALUES (1)", "INSERT INTO TABLE t \n", "Values", " (1)"),
            ("INSERT INTO {t:Identifier} (a) VALUES (1)", "INSERT INTO {t:Identifier} (a) \n", "Values", " (1)"),
            (
                "INSERT INTO FUNCTION remote('h', d.t) (a) VALUES (1)",
                "INSERT INTO FUNCTION remote('h', d.t) (a) \n",
                "Values",
                " (1)",
            ),
            (
                "-- c\nINSERT /* VALUES */ INTO t -- {x}\nVALUES (1)",
                "-- c\nINSERT /* VALUES */ INTO t --  x}\n\n",
                "Values",
                " (1)",
            ),
        ] {
            assert_eq!(split(text), (sql.to_owned(), format.to_owned(), data.to_owned()), "{text}");
        }
    }

    #[test]
    fn statements_without_data_are_whole() {
        for text in [
            "SELECT 1",
            "INSERT INTO t SELECT 1",
            "INSERT INTO t (a) SELECT 1 FORMAT CSV",
            "INSERT INTO t (SELECT 1)",
            "INSERT INTO t (a) (SELECT 1)",
            "INSERT INTO t WITH 1 AS x SELECT x",
            "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
            "INSERT INTO t",
            "INSERT",
            "",
            "-- only a comment",
        ] {
            assert_eq!(head(text.as_bytes(), true).unwrap(), Head::Whole, "{text}");
        }
    }

    #[test]
    fn a_semicolon_instead_of_data_is_refused() {
        assert_eq!(head(b"INSERT INTO t FORMAT CSV;\n1,2", true).unwrap_err().code, 62);
        assert_eq!(reject_second_statement_after_values(b"(1), ('a;b');  -- end").map_err(|error| error.code), Ok(()));
        assert_eq!(reject_second_statement_after_values(b"(1); SELECT 2").map_err(|error| error.code), Err(62));
    }

    #[test]
    fn every_prefix_is_undecided_or_agrees_with_the_whole() {
        for text in [
            "INSERT INTO d.t (a, b) SETTINGS x = 'VALUES' FORMAT RowBinary\n\x01\x02\x03",
            "/* a */ INSERT INTO t VALUES (1), (2)",
            "INSERT INTO t (a) SELECT number FROM numbers(3)",
            "SELECT 1 FORMAT JSON",
        ] {
            let whole = head(text.as_bytes(), true).unwrap();
            for end in 0..text.len() {
                let prefix = head(&text.as_bytes()[..end], false).unwrap();
                assert!(prefix == Head::Incomplete || prefix == whole, "{text} cut at {end}: {prefix:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_head(text in prop::collection::vec(any::<u8>(), 0..200), complete: bool) {
            if let Ok(Head::Insert(insert)) = head(&text, complete) {
                prop_assert!(insert.data_at <= text.len());
            }
        }

        #[test]
        fn any_insert_like_text_has_a_head(
            text in "(INSERT |INTO |t |TABLE |FUNCTION |VALUES|FORMAT |CSV|SELECT |\\(|\\)|\\.|'|`|;|--|\n| |\\{){0,20}",
            complete: bool,
        ) {
            if let Ok(Head::Insert(insert)) = head(text.as_bytes(), complete) {
                prop_assert!(insert.data_at <= text.len());
            }
        }

        #[test]
        fn binary_data_is_kept_to_the_byte(data in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut text = b"INSERT INTO t FORMAT RowBinary\n".to_vec();
            let expected = text.len();
            text.extend_from_slice(&data);
            let Head::Insert(insert) = head(&text, true).unwrap() else { panic!("no insert") };
            prop_assert_eq!(insert.data_at, expected);
        }
    }
}
