//! Where a statement ends and its data begins, and where its output is named.
//!
//! The engine parses; this module finds only the edges that HTTP needs: the end of an INSERT's head, because its data
//! is streamed; the FORMAT clause, because headers name the format before the first row; a second statement, because
//! over HTTP there is only one; and the few things that the library does and a server does not (it would read and write
//! local files, obey commands of its interactive client, and expect errors that a comment announces).

mod assigned;
mod insert;
mod lexer;

use std::ops::Range;

pub use insert::{Head, InsertHead, head, reject_second_statement_after_values};
use lexer::{Kind, Lexer, Token};

use crate::exception::{ErrorCode, Exception};

/// A statement without streamed data, ready for the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The text without a final semicolon. Only braces inside comments differ from what was sent: the library's client
    /// reads `-- { serverError 60 }` as the wish to hide that error.
    pub sql: Vec<u8>,
    /// What its FORMAT clause names.
    pub format: Option<String>,
    /// What it begins with.
    pub leading: Leading,
    /// Where an INTO OUTFILE clause would stand.
    output_clause_at: usize,
    /// Whether its settings put `readonly` back to its default, which the engine does not refuse in read-only mode.
    pub resets_readonly: bool,
}

/// What a statement begins with, as far as it is treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leading {
    /// SELECT, WITH, FROM or a parenthesis: its output may be long.
    Select,
    /// SET.
    Set,
    /// USE.
    Use,
    /// CREATE TEMPORARY.
    CreateTemporary,
    /// DROP TEMPORARY.
    DropTemporary,
    /// KILL QUERY.
    KillQuery,
    /// Anything else.
    Other,
}

impl Statement {
    /// Takes a whole text: one statement, perhaps with comments and a final semicolon.
    pub fn parse(text: &[u8]) -> Result<Self, Exception> {
        let all: Vec<Token> = Lexer::new(text).collect();
        let tokens: Vec<&Token> = all.iter().filter(|token| token.kind != Kind::Comment).collect();
        let text_of = Text(text);
        let end = tokens.iter().position(|token| token.kind == Kind::Symbol(b';')).unwrap_or(tokens.len());
        if let Some(extra) = tokens[end..].iter().find(|token| token.kind != Kind::Symbol(b';')) {
            return Err(second_statement(text, tokens[end].range.start, extra));
        }
        let statement_end = tokens.get(end).map_or(text.len(), |semicolon| semicolon.range.start);
        let tokens = &tokens[..end];
        let Some((first, last)) = tokens.first().zip(tokens.last()) else {
            return Err(Exception::new(ErrorCode::SYNTAX_ERROR, "Empty query."));
        };
        if matches!(first.kind, Kind::Symbol(symbol) if symbol != b'(') {
            return Err(syntax_error(text, first.range.start));
        }
        text_of.refuse_local_files(tokens)?;
        let mut sql = without_hints(text, &all, statement_end);
        if tokens.len() == 1 {
            // `exit`, `quit` and their like would end the library's client without a word; with anything more in the
            // text they are the syntax errors that they should be.
            sql.extend_from_slice(b"\n/**/");
        }
        let format = text_of.format_clause(tokens);
        Ok(Self {
            sql,
            leading: text_of.leading(tokens),
            output_clause_at: format.as_ref().map_or(last.range.end, |(at, _)| *at),
            format: format.map(|(_, name)| name),
            resets_readonly: text_of.resets_readonly(tokens),
        })
    }

    /// The statement with its output written to a file, in the format that it names itself.
    ///
    /// The clause goes right before FORMAT, or behind the last token; so everything before keeps its position, and
    /// error messages stay true.
    pub fn with_output_to(&self, path: &str) -> Vec<u8> {
        let clause = format!("\nINTO OUTFILE '{path}' TRUNCATE\n");
        let mut sql = Vec::with_capacity(self.sql.len() + clause.len());
        sql.extend_from_slice(&self.sql[..self.output_clause_at]);
        sql.extend_from_slice(clause.as_bytes());
        sql.extend_from_slice(&self.sql[self.output_clause_at..]);
        sql
    }

    /// For `KILL QUERY WHERE query_id = 'X'`, and nothing more complicated: where the literal lies, and its content.
    pub fn killed_query_id(&self) -> Option<(Range<usize>, String)> {
        let tokens: Vec<Token> = Lexer::new(&self.sql).filter(|token| token.kind != Kind::Comment).collect();
        let text = Text(&self.sql);
        let [kill, query, condition, name, equals, literal, rest @ ..] = tokens.as_slice() else { return None };
        let is = |token: &Token, word| text.is(token, word);
        let plain = is(kill, "KILL")
            && is(query, "QUERY")
            && is(condition, "WHERE")
            && text.name(name) == Some(b"query_id")
            && equals.kind == Kind::Symbol(b'=')
            && literal.kind == Kind::Text
            && rest.iter().all(|token| ["SYNC", "ASYNC", "TEST"].iter().any(|word| is(token, word)));
        if !plain || self.sql[literal.range.start] != b'\'' {
            return None;
        }
        let content = &self.sql[literal.range.start + 1..literal.range.end - 1];
        let content = std::str::from_utf8(content).ok()?;
        (!content.contains(['\\', '\''])).then(|| (literal.range.clone(), content.to_owned()))
    }
}

/// Whether a text can stand between the parentheses of CREATE TABLE and not end them: brackets pair up, quotes and
/// comments end, and there is no semicolon.
pub fn is_list_of_columns(text: &[u8]) -> bool {
    let mut depth = 0_i32;
    let mut columns = false;
    for token in Lexer::new(text) {
        columns = true;
        match token.kind {
            Kind::Symbol(b'(') => depth += 1,
            Kind::Symbol(b')') => depth -= 1,
            Kind::Symbol(b';') | Kind::Unfinished => return false,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    columns && depth == 0
}

/// Questions to a text about its tokens.
struct Text<'text>(&'text [u8]);

impl Text<'_> {
    fn is(&self, token: &Token, word: &str) -> bool {
        token.kind == Kind::Word && self.0[token.range.clone()].eq_ignore_ascii_case(word.as_bytes())
    }

    /// A name, without its quotes.
    fn name(&self, token: &Token) -> Option<&[u8]> {
        match token.kind {
            Kind::Word => Some(&self.0[token.range.clone()]),
            Kind::QuotedName => Some(&self.0[token.range.start + 1..token.range.end - 1]),
            _ => None,
        }
    }

    fn pair(&self, tokens: &[&Token], first: &str, second: &str) -> bool {
        tokens.windows(2).any(|pair| self.is(pair[0], first) && self.is(pair[1], second))
    }

    /// What reaches for files or data that only the library's command line has.
    fn refuse_local_files(&self, tokens: &[&Token]) -> Result<(), Exception> {
        if self.pair(tokens, "INTO", "OUTFILE") {
            return Err(Exception::new(ErrorCode::INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed"));
        }
        let inserts = tokens.iter().any(|token| self.is(token, "INSERT"));
        if inserts && self.pair(tokens, "FROM", "INFILE") {
            return Err(Exception::new(ErrorCode::NOT_IMPLEMENTED, "INSERT FROM INFILE is not allowed over HTTP"));
        }
        // A server takes such a dictionary from its configuration only.
        let runs_commands = tokens.windows(3).any(|triple| {
            self.is(triple[0], "SOURCE")
                && triple[1].kind == Kind::Symbol(b'(')
                && self.name(triple[2]).is_some_and(|name| name.to_ascii_lowercase().starts_with(b"executable"))
        });
        if runs_commands {
            return Err(Exception::new(
                ErrorCode::ACCESS_DENIED,
                "A dictionary may not run commands (SOURCE(EXECUTABLE))",
            ));
        }
        let reads_input = tokens.windows(2).any(|pair| self.is(pair[0], "input") && pair[1].kind == Kind::Symbol(b'('));
        if inserts && reads_input {
            // The library would insert nothing and report success.
            return Err(Exception::new(
                ErrorCode::NOT_IMPLEMENTED,
                "INSERT ... SELECT FROM input() is not supported by the embedded engine",
            ));
        }
        Ok(())
    }

    fn leading(&self, tokens: &[&Token]) -> Leading {
        let first = tokens[0];
        let second_is = |word| tokens.get(1).is_some_and(|token| self.is(token, word));
        let is = |word| self.is(first, word);
        if first.kind == Kind::Symbol(b'(') || is("SELECT") || is("WITH") || is("FROM") {
            Leading::Select
        } else if is("SET") {
            Leading::Set
        } else if is("USE") {
            Leading::Use
        } else if is("CREATE") && second_is("TEMPORARY") {
            Leading::CreateTemporary
        } else if is("DROP") && second_is("TEMPORARY") {
            Leading::DropTemporary
        } else if is("KILL") && second_is("QUERY") {
            Leading::KillQuery
        } else {
            Leading::Other
        }
    }

    /// The last `FORMAT name` outside of parentheses that ends the statement or stands before SETTINGS.
    fn format_clause(&self, tokens: &[&Token]) -> Option<(usize, String)> {
        let mut depth = 0_i32;
        let mut found = None;
        for (index, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Symbol(b'(' | b'[' | b'{') => depth += 1,
                Kind::Symbol(b')' | b']' | b'}') => depth -= 1,
                _ if depth == 0 && self.is(token, "FORMAT") => {
                    let name = tokens.get(index + 1).filter(|name| name.kind == Kind::Word);
                    let ends = tokens.get(index + 2).is_none_or(|next| self.is(next, "SETTINGS"));
                    if let Some(name) = name.filter(|_| ends) {
                        let name = String::from_utf8_lossy(&self.0[name.range.clone()]).into_owned();
                        found = Some((token.range.start, name));
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn resets_readonly(&self, tokens: &[&Token]) -> bool {
        tokens.windows(3).any(|triple| {
            self.name(triple[0]) == Some(b"readonly")
                && triple[1].kind == Kind::Symbol(b'=')
                && self.is(triple[2], "DEFAULT")
        })
    }
}

/// The first `end` bytes, with every `{` inside a comment blanked.
fn without_hints(text: &[u8], tokens: &[Token], end: usize) -> Vec<u8> {
    let mut sql = text[..end].to_vec();
    for comment in tokens.iter().filter(|token| token.kind == Kind::Comment && token.range.start < end) {
        for byte in &mut sql[comment.range.start..comment.range.end.min(end)] {
            if *byte == b'{' {
                *byte = b' ';
            }
        }
    }
    sql
}

fn second_statement(text: &[u8], semicolon: usize, extra: &Token) -> Exception {
    let shown = String::from_utf8_lossy(&text[semicolon..(extra.range.start + 100).min(text.len())]).into_owned();
    Exception::new(
        ErrorCode::SYNTAX_ERROR,
        format!(
            "Syntax error (Multi-statements are not allowed): failed at position {} (end of query): {shown}.",
            semicolon + 1
        ),
    )
}

fn syntax_error(text: &[u8], at: usize) -> Exception {
    let shown = String::from_utf8_lossy(&text[at..(at + 100).min(text.len())]).into_owned();
    Exception::new(ErrorCode::SYNTAX_ERROR, format!("Syntax error: failed at position {}: {shown}.", at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Statement {
        Statement::parse(text.as_bytes()).unwrap()
    }

    fn code(text: &str) -> i32 {
        Statement::parse(text.as_bytes()).unwrap_err().code
    }

    fn written(text: &str) -> String {
        String::from_utf8(parse(text).with_output_to("P")).unwrap()
    }

    #[test]
    fn the_output_clause_stands_before_format_or_at_the_end() {
        assert_eq!(written("SELECT 1"), "SELECT 1\nINTO OUTFILE 'P' TRUNCATE\n");
        assert_eq!(written("SELECT 1 -- c"), "SELECT 1\nINTO OUTFILE 'P' TRUNCATE\n -- c");
        assert_eq!(written("SELECT 1; -- c"), "SELECT 1\nINTO OUTFILE 'P' TRUNCATE\n");
        assert_eq!(written("SELECT 1 -- c\nFORMAT JSON"), "SELECT 1 -- c\n\nINTO OUTFILE 'P' TRUNCATE\nFORMAT JSON");
        assert_eq!(
            written("SELECT 1 format JSON SETTINGS max_threads=1;"),
            "SELECT 1 \nINTO OUTFILE 'P' TRUNCATE\nformat JSON SETTINGS max_threads=1"
        );
    }

    #[test]
    fn the_format_is_found_where_it_is_a_clause() {
        assert_eq!(parse("SELECT 1 FORMAT JSONEachRow").format.as_deref(), Some("JSONEachRow"));
        assert_eq!(parse("SELECT format FROM t").format, None);
        assert_eq!(parse("SELECT 1 AS format").format, None);
        assert_eq!(parse("SELECT 'FORMAT CSV'").format, None);
        assert_eq!(parse("SELECT 1 -- FORMAT CSV").format, None);
        assert_eq!(parse("SELECT (SELECT 1 FORMAT CSV)").format, None);
        assert_eq!(parse("SELECT format x FROM t FORMAT CSV").format.as_deref(), Some("CSV"));
        assert_eq!(parse("SHOW TABLES FORMAT TSVRaw SETTINGS a=1").format.as_deref(), Some("TSVRaw"));
    }

    #[test]
    fn a_second_statement_is_refused_and_a_final_semicolon_is_not() {
        assert_eq!(parse("SELECT 1 ; -- end\n ;").sql, b"SELECT 1 ");
        assert_eq!(parse("SELECT ';'").sql, b"SELECT ';'");
        assert_eq!(code("SELECT 1; SELECT 2"), 62);
        assert_eq!(code("SELECT 1; DROP TABLE t"), 62);
        assert_eq!(code(";;"), 62);
        assert_eq!(code(" -- nothing"), 62);
    }

    #[test]
    fn what_the_library_s_client_would_do_by_itself_is_stopped() {
        assert_eq!(code("SELECT 1 INTO OUTFILE '/tmp/x'"), 358);
        assert_eq!(code("SELECT 1 into/**/outfile '/tmp/x' FORMAT CSV"), 358);
        assert_eq!(code("INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV"), 48);
        assert_eq!(code("INSERT INTO t SELECT a FROM input('a Int8') FORMAT CSV"), 48);
        assert_eq!(code("CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(Executable(command 'ls'))"), 497);
        assert_eq!(
            code("CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE /**/ ( `executable_pool`(command 'ls'))"),
            497
        );
        assert_eq!(code("\\l"), 62);
        assert_eq!(code("?? tell me"), 62);
        assert_eq!(parse("exit").sql, b"exit\n/**/");
        assert_eq!(parse("SELECT 1 -- { serverError 60 }").sql, b"SELECT 1 --   serverError 60 }");
        assert_eq!(parse("SELECT '{a}' /* {b} */").sql, b"SELECT '{a}' /*  b} */");
    }

    #[test]
    fn a_way_around_readonly_is_seen() {
        assert!(parse("INSERT INTO t SELECT 1 SETTINGS readonly=DEFAULT").resets_readonly);
        assert!(parse("SET `readonly` /**/ = default").resets_readonly);
        assert!(!parse("SELECT name FROM system.settings WHERE readonly = 1").resets_readonly);
    }

    #[test]
    fn leading_words_are_told_apart() {
        for (text, leading) in [
            ("select 1", Leading::Select),
            ("(SELECT 1) UNION ALL (SELECT 2)", Leading::Select),
            ("with 1 as x select x", Leading::Select),
            ("set a = 1", Leading::Set),
            ("USE d", Leading::Use),
            ("create temporary table t (a Int8)", Leading::CreateTemporary),
            ("CREATE TABLE t (a Int8)", Leading::Other),
            ("kill query where 1", Leading::KillQuery),
            ("INSERT INTO t SELECT 1", Leading::Other),
        ] {
            assert_eq!(parse(text).leading, leading, "{text}");
        }
    }

    #[test]
    fn a_list_of_columns_cannot_end_its_parentheses() {
        assert!(is_list_of_columns(b"a UInt8, b Map(String, Array(UInt8)) DEFAULT map(')', [])"));
        for text in ["", "a UInt8) ENGINE = URL('x'", "a UInt8; DROP TABLE t", "a Array(UInt8", "a UInt8 /*", "a '"] {
            assert!(!is_list_of_columns(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_plain_kill_names_its_query() {
        let statement = parse("KILL QUERY WHERE query_id = 'abc' SYNC");
        let (range, id) = statement.killed_query_id().unwrap();
        assert_eq!(id, "abc");
        assert_eq!(&statement.sql[range], b"'abc'");
        assert_eq!(parse("KILL QUERY WHERE query_id = 'a' OR 1").killed_query_id(), None);
        assert_eq!(parse("KILL QUERY WHERE user = 'abc'").killed_query_id(), None);
        assert_eq!(parse("KILL QUERY WHERE query_id = 'a\\'b'").killed_query_id(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(statement) = Statement::parse(&text) {
                let written = statement.with_output_to("P");
                prop_assert_eq!(written.len(), statement.sql.len() + "\nINTO OUTFILE 'P' TRUNCATE\n".len());
                let _ = statement.killed_query_id();
            }
        }

        #[test]
        fn sql_like_text_is_parsed_or_refused(text in "(select|format|'|\"|`|;|--|/\\*|\\*/|\\$|\\(|\\)|\\\\| |\n|x|=|kill|query|where|query_id|readonly|default|\u{2018}|\u{201c}){0,30}") {
            if let Ok(statement) = Statement::parse(text.as_bytes()) {
                let _ = statement.with_output_to("P");
                let _ = statement.killed_query_id();
            }
        }
    }
}
