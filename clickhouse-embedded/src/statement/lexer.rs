//! ClickHouse's tokens, as far as the edges of statements depend on them.
//!
//! What matters is where quotes and comments end, since a `;`, a FORMAT or an INTO OUTFILE counts only outside of them.
//! The rules are those of the engine's own lexer: quotes are escaped by a backslash or by doubling; comments are
//! `-- ...`, `// ...`, `# ...`, `#! ...` and `/* ... */`, the last nesting; `$tag$ ... $tag$` quotes too; and the
//! typographic quotes of word processors are taken for plain ones.

use std::ops::Range;

/// What kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or an unquoted name.
    Word,
    /// A name in backticks, double quotes or their typographic kin.
    QuotedName,
    /// A string or a heredoc.
    Text,
    /// A number, with whatever word characters hang on to it.
    Number,
    /// A comment.
    Comment,
    /// Anything else, one byte each (one character outside ASCII).
    Symbol(u8),
    /// A quote or comment that does not end.
    Unfinished,
}

/// A token and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Its kind.
    pub kind: Kind,
    /// Its bytes.
    pub range: Range<usize>,
}

/// Splits a text into its tokens, white space left out. Every byte string is accepted.
pub(super) struct Lexer<'text> {
    text: &'text [u8],
    position: usize,
}

impl<'text> Lexer<'text> {
    /// Starts at the beginning of a text.
    pub(super) fn new(text: &'text [u8]) -> Self {
        Self { text, position: 0 }
    }

    fn skip_space(&mut self) {
        while let Some(&byte) = self.text.get(self.position) {
            let rest = &self.text[self.position..];
            self.position += match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => 1,
                // The spaces that come with text copied from a word processor.
                0xc2 if rest.starts_with("\u{a0}".as_bytes()) => 2,
                0xe2 if is_wide_space(rest) => 3,
                0xe3 if rest.starts_with("\u{3000}".as_bytes()) => 3,
                0xef if rest.starts_with("\u{feff}".as_bytes()) => 3,
                _ => return,
            };
        }
    }

    fn token(&mut self, first: u8) -> Kind {
        let start = self.position;
        let next = self.text.get(start + 1).copied();
        match first {
            b'\'' => self.quoted(b'\'', Kind::Text),
            b'"' => self.quoted(b'"', Kind::QuotedName),
            b'`' => self.quoted(b'`', Kind::QuotedName),
            b'-' if next == Some(b'-') => self.line_comment(),
            b'/' if next == Some(b'/') => self.line_comment(),
            b'#' if matches!(next, Some(b' ' | b'!')) => self.line_comment(),
            b'/' if next == Some(b'*') => self.block_comment(),
            b'$' => self.heredoc().unwrap_or_else(|| self.word(Kind::Word)),
            b'0'..=b'9' => self.number(),
            b'.' if next.is_some_and(|byte| byte.is_ascii_digit()) => self.number(),
            _ if is_word(first) => self.word(Kind::Word),
            0xe2 if self.text[start..].starts_with("\u{2018}".as_bytes()) => {
                self.until("\u{2019}".as_bytes(), 3, Kind::Text)
            }
            0xe2 if self.text[start..].starts_with("\u{201c}".as_bytes()) => {
                self.until("\u{201d}".as_bytes(), 3, Kind::QuotedName)
            }
            _ => {
                self.position += 1;
                while first >= 0x80 && self.text.get(self.position).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    self.position += 1;
                }
                Kind::Symbol(first)
            }
        }
    }

    fn quoted(&mut self, quote: u8, kind: Kind) -> Kind {
        self.position += 1;
        while let Some(&byte) = self.text.get(self.position) {
            if byte == b'\\' {
                self.position += 2;
            } else if byte == quote {
                self.position += 1;
                if self.text.get(self.position) != Some(&quote) {
                    return kind;
                }
                self.position += 1;
            } else {
                self.position += 1;
            }
        }
        self.unfinished()
    }

    fn line_comment(&mut self) -> Kind {
        let rest = &self.text[self.position..];
        self.position += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        Kind::Comment
    }

    fn block_comment(&mut self) -> Kind {
        self.position += 2;
        let mut depth = 1_usize;
        while self.position + 2 <= self.text.len() {
            match &self.text[self.position..self.position + 2] {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    self.position += 1;
                    continue;
                }
            }
            self.position += 2;
            if depth == 0 {
                return Kind::Comment;
            }
        }
        self.unfinished()
    }

    fn heredoc(&mut self) -> Option<Kind> {
        let rest = &self.text[self.position..];
        let tag_length = rest[1..].iter().position(|&byte| !is_word(byte))?;
        if rest.get(tag_length + 1) != Some(&b'$') {
            return None;
        }
        let tag = &rest[..tag_length + 2];
        let end = find(&rest[tag.len()..], tag)?;
        self.position += tag.len() + end + tag.len();
        Some(Kind::Text)
    }

    fn number(&mut self) -> Kind {
        while let Some(&byte) = self.text.get(self.position) {
            let exponent_sign = matches!(byte, b'+' | b'-')
                && matches!(self.text[self.position - 1], b'e' | b'E' | b'p' | b'P')
                && self.text.get(self.position + 1).is_some_and(u8::is_ascii_digit);
            if !(is_word(byte) || byte == b'.' || exponent_sign) {
                break;
            }
            self.position += 1;
        }
        Kind::Number
    }

    fn word(&mut self, kind: Kind) -> Kind {
        while self.text.get(self.position).is_some_and(|&byte| is_word(byte) || byte == b'$') {
            self.position += 1;
        }
        kind
    }

    fn until(&mut self, end: &[u8], opening: usize, kind: Kind) -> Kind {
        self.position += opening;
        match find(&self.text[self.position..], end) {
            Some(at) => {
                self.position += at + end.len();
                kind
            }
            None => self.unfinished(),
        }
    }

    fn unfinished(&mut self) -> Kind {
        self.position = self.text.len();
        Kind::Unfinished
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_space();
        let start = self.position;
        let first = *self.text.get(start)?;
        let kind = self.token(first);
        self.position = self.position.min(self.text.len());
        Some(Token { kind, range: start..self.position })
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_wide_space(rest: &[u8]) -> bool {
    // U+2000 to U+200B and U+202F, U+205F
    matches!(rest, [0xe2, 0x80, 0x80..=0x8b | 0xaf, ..] | [0xe2, 0x81, 0x9f, ..])
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<Kind> {
        Lexer::new(text.as_bytes()).map(|token| token.kind).collect()
    }

    #[test]
    fn quotes_end_where_the_engine_ends_them() {
        assert_eq!(kinds(r"'a;b'"), [Kind::Text]);
        assert_eq!(kinds(r"'a\';b'"), [Kind::Text]);
        assert_eq!(kinds(r"'a'';b'"), [Kind::Text]);
        assert_eq!(kinds(r"'a\\';"), [Kind::Text, Kind::Symbol(b';')]);
        assert_eq!(kinds(r#""x;y" `a``;b`"#), [Kind::QuotedName, Kind::QuotedName]);
        assert_eq!(kinds("\u{2018}1;2\u{2019};"), [Kind::Text, Kind::Symbol(b';')]);
        assert_eq!(kinds("\u{201c}x;y\u{201d}"), [Kind::QuotedName]);
        assert_eq!(kinds("$$a;b$$ $t$a;$$b$t$"), [Kind::Text, Kind::Text]);
        assert_eq!(kinds("'open"), [Kind::Unfinished]);
        assert_eq!(kinds(r"'open\"), [Kind::Unfinished]);
    }

    #[test]
    fn comments_are_the_engine_s_and_nest() {
        assert_eq!(kinds("1 -- ; '\n2"), [Kind::Number, Kind::Comment, Kind::Number]);
        assert_eq!(kinds("1 // ;"), [Kind::Number, Kind::Comment]);
        assert_eq!(kinds("1 # ;"), [Kind::Number, Kind::Comment]);
        assert_eq!(kinds("1 #!;"), [Kind::Number, Kind::Comment]);
        assert_eq!(kinds("1 #;"), [Kind::Number, Kind::Symbol(b'#'), Kind::Symbol(b';')]);
        assert_eq!(kinds("1 /* /* ; */ ' */ 2"), [Kind::Number, Kind::Comment, Kind::Number]);
        assert_eq!(kinds("1 /* /* */"), [Kind::Number, Kind::Unfinished]);
        assert_eq!(kinds("a-b"), [Kind::Word, Kind::Symbol(b'-'), Kind::Word]);
    }

    #[test]
    fn words_and_numbers_do_not_run_into_each_other() {
        assert_eq!(
            kinds("a$b 1.5e+10 .5 0x1F t.1"),
            [Kind::Word, Kind::Number, Kind::Number, Kind::Number, Kind::Word, Kind::Number]
        );
        assert_eq!(kinds("1-2"), [Kind::Number, Kind::Symbol(b'-'), Kind::Number]);
        assert_eq!(kinds("select\u{a0}1"), [Kind::Word, Kind::Number]);
    }

    proptest! {
        #[test]
        fn any_bytes_become_tokens_in_order_that_cover_all_but_space(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut end = 0;
            for token in Lexer::new(&text) {
                prop_assert!(token.range.start >= end && token.range.end > token.range.start);
                prop_assert!(token.range.end <= text.len());
                end = token.range.end;
            }
        }

        #[test]
        fn a_quoted_string_is_one_token(content in "[ -~]{0,40}") {
            let quoted = format!("'{}'", content.replace('\\', "\\\\").replace('\'', "\\'"));
            let tokens: Vec<Token> = Lexer::new(quoted.as_bytes()).collect();
            prop_assert_eq!(tokens.len(), 1);
            prop_assert_eq!(tokens[0].range.clone(), 0..quoted.len());
        }
    }
}
