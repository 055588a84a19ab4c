//! A statement that is being rewritten: its tokens, and the edits to be made. What no edit names stays as it is written, comments included.

use std::ops::Range;

/// A word, a quoted text with its quotes, or one other character. Space and comments are none.
#[derive(Clone, Copy, Debug)]
struct Token<'sql> {
    text: &'sql str,
    start: usize,
    /// How many brackets are open around it; a bracket itself is outside.
    depth: usize,
}

/// One statement, without what stands before its first token and after its last.
#[derive(Debug)]
pub(super) struct Draft<'sql> {
    sql: &'sql str,
    tokens: Vec<Token<'sql>>,
    edits: Vec<(Range<usize>, String)>,
}

impl<'sql> Draft<'sql> {
    /// A semicolon at the end is no part of it.
    pub(super) fn new(sql: &'sql str) -> Self {
        let mut tokens = tokens(sql);
        while tokens.last().is_some_and(|token| token.text == ";") {
            tokens.pop();
        }
        Self { sql, tokens, edits: Vec::new() }
    }

    /// How many tokens it has.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The token at `index`; empty beyond the last.
    pub(super) fn token(&self, index: usize) -> &'sql str {
        self.tokens.get(index).map_or("", |token| token.text)
    }

    /// Whether these words, in any case, begin at `index`.
    pub(super) fn has(&self, index: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.token(index + offset).eq_ignore_ascii_case(word))
    }

    /// Whether the token at `index` stands within that many brackets.
    pub(super) fn is_at_depth(&self, index: usize, depth: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.depth == depth)
    }

    /// Where these words first stand outside of brackets.
    pub(super) fn find(&self, words: &[&str]) -> Option<usize> {
        (0..self.len()).find(|&index| self.is_at_depth(index, 0) && self.has(index, words))
    }

    /// Where the bracket that opens at `open` is closed.
    pub(super) fn closing(&self, open: usize) -> Option<usize> {
        let depth = self.tokens.get(open)?.depth;
        (open + 1..self.len()).find(|&index| self.is_at_depth(index, depth))
    }

    /// The text of these tokens and what is between them.
    pub(super) fn text(&self, tokens: Range<usize>) -> &'sql str {
        &self.sql[self.span(tokens)]
    }

    /// Puts `text` in the place of these tokens. No token may be replaced twice.
    pub(super) fn replace(&mut self, tokens: Range<usize>, text: impl Into<String>) {
        let span = self.span(tokens);
        self.edits.push((span, text.into()));
    }

    /// Puts `text` right behind the token at `index`.
    pub(super) fn insert_after(&mut self, index: usize, text: impl Into<String>) {
        let end = self.span(index..index + 1).end;
        self.edits.push((end..end, text.into()));
    }

    /// The statement with its edits.
    pub(super) fn finish(mut self) -> String {
        self.edits.sort_by_key(|(span, _)| (span.start, span.end));
        let whole = self.span(0..self.len());
        let (mut text, mut at) = (String::new(), whole.start);
        for (span, replacement) in &self.edits {
            assert!(span.start >= at, "edits do not overlap");
            text.push_str(&self.sql[at..span.start]);
            text.push_str(replacement);
            at = span.end;
        }
        text.push_str(&self.sql[at..whole.end]);
        text
    }

    fn span(&self, tokens: Range<usize>) -> Range<usize> {
        match (self.tokens.get(tokens.start), self.tokens[..tokens.end.min(self.len())].last()) {
            (Some(first), Some(last)) if tokens.start < tokens.end => first.start..last.start + last.text.len(),
            _ => self.sql.len()..self.sql.len(),
        }
    }
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut at, mut depth) = (Vec::new(), 0_usize, 0_usize);
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let length = token_length(rest, first);
        let is_closing = matches!(first, ')' | ']' | '}');
        if is_closing {
            depth = depth.saturating_sub(1);
        }
        if !first.is_whitespace() && !is_comment(rest) {
            tokens.push(Token { text: &rest[..length], start: at, depth });
        }
        depth += usize::from(matches!(first, '(' | '[' | '{'));
        at += length;
    }
    tokens
}

fn is_comment(rest: &str) -> bool {
    rest.starts_with("--") || rest.starts_with("/*")
}

/// The length of the token or comment or space that `rest` begins with, in bytes.
fn token_length(rest: &str, first: char) -> usize {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    match first {
        '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
        '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
        '\'' | '"' | '`' => quoted_length(rest, first),
        _ if is_word(first) => rest.find(|character| !is_word(character)).unwrap_or(rest.len()),
        _ => first.len_utf8(),
    }
}

/// A quote within is doubled, or stands after a backslash.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        if character == '\\' || character == quote && characters.peek().is_some_and(|&(_, next)| next == quote) {
            characters.next();
        } else if character == quote {
            return index + character.len_utf8();
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_in_comments_and_quotes_are_no_words() {
        let sql = "-- FROM a\nSELECT 'FROM b; \\' '' (', '', `c.d` /* FROM e */ FROM f_1;";
        assert_eq!(texts(sql), ["SELECT", "'FROM b; \\' '' ('", ",", "''", ",", "`c.d`", "FROM", "f_1", ";"]);
    }

    #[test]
    fn the_depth_of_a_token_is_that_outside_of_its_bracket() {
        let draft = Draft::new("a (b, [c]) d");
        assert_eq!(draft.find(&["d"]), Some(8));
        assert_eq!(draft.find(&["b"]), None);
        assert!(draft.is_at_depth(1, 0) && draft.is_at_depth(2, 1) && draft.is_at_depth(5, 2));
        assert_eq!(draft.closing(1), Some(7));
        assert_eq!(draft.text(2..7), "b, [c]");
    }

    #[test]
    fn edits_leave_the_rest_as_it_is_written() {
        let mut draft = Draft::new("-- what it is\nCREATE  TABLE t -- why\n(x);\n");
        draft.insert_after(2, " more");
        draft.replace(0..2, "MAKE");
        assert_eq!(draft.finish(), "MAKE t more -- why\n(x)");
    }
}
