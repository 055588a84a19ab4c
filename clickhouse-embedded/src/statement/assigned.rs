//! What a statement sets by itself.

use super::{Kind, Lexer, Statement, Text, Token};

impl Statement {
    /// The settings among `names` that a SET statement or a SETTINGS clause anywhere in it assigns, with their numbers; `None` for what is no plain one.
    /// A comparison that stands behind such a clause is taken for an assignment.
    pub fn assigned<'n>(&self, names: &[&'n str]) -> Vec<(&'n str, Option<f64>)> {
        let tokens: Vec<Token> = Lexer::new(&self.sql).filter(|token| token.kind != Kind::Comment).collect();
        let text = Text(&self.sql);
        let begins = |at: &usize| {
            // system.settings is a table.
            let is_part_of_name = *at > 0 && tokens[*at - 1].kind == Kind::Symbol(b'.');
            !is_part_of_name && (text.is(&tokens[*at], "SETTINGS") || text.is(&tokens[*at], "SET"))
        };
        let Some(first) = (0..tokens.len()).find(begins) else { return Vec::new() };
        let mut found = Vec::new();
        for triple in tokens[first..].windows(3) {
            let name = names.iter().find(|name| text.name(&triple[0]) == Some(name.as_bytes()));
            if let Some(name) = name.filter(|_| triple[1].kind == Kind::Symbol(b'=')) {
                found.push((*name, self.number(&triple[2])));
            }
        }
        found
    }

    fn number(&self, token: &Token) -> Option<f64> {
        let text = std::str::from_utf8(&self.sql[token.range.clone()]).ok()?;
        match token.kind {
            Kind::Number => text.parse().ok(),
            Kind::Text => text.strip_prefix('\'')?.strip_suffix('\'')?.parse().ok(),
            _ => None,
        }
    }
}
