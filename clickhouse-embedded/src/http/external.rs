//! Tables that come with a request: files of its form, to be read by its statement.

use crate::engine::Connection;
use crate::exception::{ErrorCode, Exception};
use crate::http::request::QueryRequest;
use crate::http::settings::quoted_name;
use crate::statement::is_list_of_columns;

/// A table that comes with a request.
pub struct ExternalTable {
    name: String,
    /// As in CREATE TABLE: names and types.
    structure: String,
    format: String,
    content: Vec<u8>,
}

impl ExternalTable {
    /// A form's file, described by parameters of the URL, which are thereby no settings.
    pub fn described_by(request: &mut QueryRequest, name: String, content: Vec<u8>) -> Result<Self, Exception> {
        let mut take = |suffix: &str| {
            let key = format!("{name}_{suffix}");
            let at = request.settings.iter().position(|(setting, _)| *setting == key)?;
            Some(request.settings.remove(at).1)
        };
        let (structure, types) = (take("structure"), take("types"));
        let format = take("format").unwrap_or_else(|| "TabSeparated".to_owned());
        let structure = match (structure, types) {
            (Some(structure), None) => structure,
            (None, Some(types)) => with_numbered_names(&types),
            _ => {
                return Err(Exception::new(
                    ErrorCode::BAD_ARGUMENTS,
                    format!("The external table {name} needs either {name}_structure or {name}_types in the URL"),
                ));
            }
        };
        if !is_list_of_columns(structure.as_bytes()) {
            return Err(Exception::new(
                ErrorCode::BAD_ARGUMENTS,
                format!("The structure of the external table {name} is no list of columns: {structure}"),
            ));
        }
        Ok(Self { name, structure, format, content })
    }

    /// Makes the table for the connection and fills it. Not possible any more in read-only mode.
    pub fn create(&self, connection: &mut Connection) -> Result<(), Exception> {
        let name = quoted_name(&self.name);
        connection.query_text(&format!("CREATE TEMPORARY TABLE {name} ({}\n) ENGINE = Memory", self.structure))?;
        let mut insert = connection.insert(format!("INSERT INTO {name}").as_bytes(), &self.format, &[])?;
        // A failure is told by `finish`.
        let _ = insert.append(&self.content);
        insert.finish().map(drop)
    }

    /// Removes the table from a session's connection.
    pub fn drop_from(&self, connection: &mut Connection) -> Result<(), Exception> {
        connection.query_text(&format!("DROP TEMPORARY TABLE IF EXISTS {}", quoted_name(&self.name))).map(drop)
    }
}

/// `UInt8, Array(String)` as `_1 UInt8, _2 Array(String)`.
fn with_numbered_names(types: &str) -> String {
    let mut structure = String::new();
    let mut depth = 0_usize;
    let mut columns = 1;
    structure.push_str("_1 ");
    for character in types.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        structure.push(character);
        if character == ',' && depth == 0 {
            columns += 1;
            structure.push_str(" _");
            structure.push_str(&columns.to_string());
            structure.push(' ');
        }
    }
    structure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_names_are_numbered() {
        assert_eq!(with_numbered_names("UInt8"), "_1 UInt8");
        assert_eq!(with_numbered_names("UInt8,Map(String, UInt8), Date"), "_1 UInt8, _2 Map(String, UInt8), _3  Date");
    }
}
