//! What analysts read about the schema is the schema: `sql/README.md` names every table, view and column with its keys and its age, and
//! `sql/DICTIONARY.md` is made of a migrated database. `SLOWTAX_WRITE_DICTIONARY=1 cargo test -p tests --test it -- dictionary` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clickhouse::Client;
use tests::embedded::workspace;
use tokio::sync::OnceCell;

use crate::database::{database, lines};

/// An object of the schema.
struct Object {
    name: String,
    engine: String,
    sorting_key: String,
    partition_key: String,
    ttl: String,
    comment: String,
    /// Of a view: its parameters, name and type, in the order of their names.
    parameters: Vec<(String, String)>,
    /// Of a materialized view: the table that it fills.
    target: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    kind: String,
    comment: String,
}

impl Object {
    fn is_table(&self) -> bool {
        self.engine.ends_with("MergeTree")
    }
}

/// A value of a parameter, with which a view can be described. Nothing is read.
fn argument(name: &str, kind: &str) -> String {
    match kind {
        "Date" if name.starts_with("after") || name.starts_with("to") => "'2026-02-01'".to_owned(),
        "Date" => "'2026-01-01'".to_owned(),
        "String" if name == "dimension" => "'country'".to_owned(),
        "String" => format!("'{name}'"),
        "Bool" => "false".to_owned(),
        "DateTime('UTC')" if name.starts_with("to") => "'2026-01-02 00:00:00'".to_owned(),
        "DateTime('UTC')" => "'2026-01-01 00:00:00'".to_owned(),
        // A share, such as an objective.
        "Float64" => "0.99".to_owned(),
        _ if name == "target_ms" => "2500".to_owned(),
        _ => "1".to_owned(),
    }
}

async fn columns(client: &Client, object: &Object) -> Vec<Column> {
    let of = match object.parameters.as_slice() {
        [] if object.engine == "View" => format!("(SELECT * FROM {})", object.name),
        [] => object.name.clone(),
        parameters => {
            let given: Vec<String> =
                parameters.iter().map(|(name, kind)| format!("{name} = {}", argument(name, kind))).collect();
            format!("(SELECT * FROM {}({}))", object.name, given.join(", "))
        }
    };
    let mut columns = Vec::new();
    // name, type, default_type, default_expression, comment, ...
    for row in lines(client, &format!("DESCRIBE TABLE {of}")).await {
        let cells: Vec<String> = row.split('\t').map(|cell| cell.replace("\\'", "'")).collect();
        let [name, kind, _, _, comment, ..] = cells.as_slice() else { panic!("{row}") };
        columns.push(Column { name: name.clone(), kind: kind.clone(), comment: comment.clone() });
    }
    columns
}

/// The schema, of a database that these tests share.
async fn objects() -> &'static [Object] {
    static OBJECTS: OnceCell<Vec<Object>> = OnceCell::const_new();
    OBJECTS.get_or_init(|| async { read(&database("dictionary").await, "test_dictionary").await }).await
}

async fn read(client: &Client, database: &str) -> Vec<Object> {
    let sql = format!(
        "SELECT name, engine, sorting_key, partition_key, extract(engine_full, ' TTL (.+?)( SETTINGS|$)'), comment,
            arrayStringConcat(arrayMap(parameter -> parameter.1 || ' ' || parameter.2, arraySort(parameterized_view_parameters)), ','), target_table
         FROM system.tables WHERE database = '{database}' AND name NOT LIKE '.%' ORDER BY name"
    );
    let mut objects = Vec::new();
    for row in lines(client, &sql).await {
        let cells: Vec<String> = row.split('\t').map(|cell| cell.replace("\\'", "'")).collect();
        let [name, engine, sorting_key, partition_key, ttl, comment, parameters, target] =
            cells.try_into().unwrap_or_else(|cells| panic!("{cells:?}"));
        let parameters = parameters.split(',').filter_map(|one| one.split_once(' '));
        let parameters = parameters.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
        let mut object =
            Object { name, engine, sorting_key, partition_key, ttl, comment, parameters, target, columns: Vec::new() };
        object.columns = columns(client, &object).await;
        objects.push(object);
    }
    objects
}

/// A TTL in words: `day + toIntervalMonth(25)` is 25 months.
fn age(ttl: &str) -> String {
    let Some((count, unit)) = ttl.split_once("toInterval").and_then(|(_, rest)| {
        let (unit, count) = rest.split_once('(')?;
        Some((count.split(')').next()?.to_owned(), unit.to_lowercase()))
    }) else {
        return "always".to_owned();
    };
    format!("{count} {unit}s")
}

fn dictionary(objects: &[Object]) -> String {
    let mut text = "# Every table, view and column\n\n\
        Made of the schema by `SLOWTAX_WRITE_DICTIONARY=1 cargo test -p tests --test it -- dictionary`, and held against it. What the columns of views mean,\n\
        and what the tables are for, stands in [README.md](README.md).\n\n## Tables\n"
        .to_owned();
    for table in objects.iter().filter(|object| object.is_table()) {
        let or_none = |key: &str| if key.is_empty() { "none".to_owned() } else { format!("`{key}`") };
        let _ = write!(
            text,
            "\n### `{}`\n\n{}. {}, sorted by {}, partitioned by {}, kept {}.\n\n| column | type | what |\n|---|---|---|\n",
            table.name,
            table.comment,
            table.engine,
            or_none(&table.sorting_key),
            or_none(&table.partition_key),
            age(&table.ttl)
        );
        for Column { name, kind, comment } in &table.columns {
            let _ = writeln!(text, "| `{name}` | {} | {} |", kind.replace('|', "\\|"), comment.replace('|', "\\|"));
        }
    }
    text.push_str("\n## Materialized views\n\n| view | fills |\n|---|---|\n");
    for view in objects.iter().filter(|object| object.engine == "MaterializedView") {
        let _ = writeln!(text, "| `{}` | `{}` |", view.name, view.target);
    }
    text.push_str("\n## Views\n\nParameters are given by name, in any order.\n");
    for view in objects.iter().filter(|object| object.engine == "View") {
        let list = |pairs: &mut dyn Iterator<Item = (&String, &String)>| {
            pairs.map(|(name, kind)| format!("`{name}` {kind}")).collect::<Vec<_>>().join(", ")
        };
        let parameters = list(&mut view.parameters.iter().map(|(name, kind)| (name, kind)));
        let columns = list(&mut view.columns.iter().map(|column| (&column.name, &column.kind)));
        let _ = write!(text, "\n### `{}`\n\nParameters: {parameters}.\n\nColumns: {columns}.\n", view.name);
    }
    text
}

#[tokio::test]
async fn the_dictionary_is_that_of_the_schema() {
    let made = dictionary(objects().await);
    let path = workspace().join("sql/DICTIONARY.md");
    if std::env::var_os("SLOWTAX_WRITE_DICTIONARY").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = there.lines().zip(made.lines()).find(|(there, made)| there != made);
    assert!(
        there == made,
        "sql/DICTIONARY.md is not that of the schema (SLOWTAX_WRITE_DICTIONARY=1 writes it): {differs:?}"
    );
}

#[tokio::test]
async fn every_table_and_column_says_what_it_is() {
    let tables: Vec<&Object> = objects().await.iter().filter(|object| object.is_table()).collect();
    assert!(tables.len() >= 10);
    for table in tables {
        assert!(!table.comment.is_empty(), "{} has no comment", table.name);
        for column in &table.columns {
            assert!(!column.comment.is_empty(), "{}.{} has no comment", table.name, column.name);
        }
    }
}

/// The parts of the README that name something in backticks: a row of a table, an item of a list, or a whole section with it in the heading.
/// A row that says "as above" also says what the last one above it does that says all itself.
fn passages(readme: &str) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    let mut section: Option<String> = None;
    let mut above = "";
    for line in readme.lines() {
        if line.starts_with('#') {
            passages.extend(section.take());
            section = line.starts_with("### `").then(String::new);
        }
        if let Some(section) = &mut section {
            section.push_str(line);
            section.push('\n');
        }
        if line.starts_with("| ") && line.contains("as above") {
            passages.push(format!("{line}\n{above}"));
        } else if line.starts_with("| ") || line.starts_with("- ") {
            passages.push(line.to_owned());
            above = line;
        } else if line.starts_with("  ") && passages.last().is_some_and(|last| last.starts_with("- ")) {
            let last = passages.last_mut().unwrap();
            last.push(' ');
            last.push_str(line.trim());
        }
    }
    passages.extend(section);
    passages
}

/// What the README says of a view: the passages that name it, and those of the views that these refer to ("as `loss_by_page`").
fn said(passages: &[String], view: &str) -> String {
    let mut views = vec![view.to_owned()];
    let mut text = String::new();
    let mut next = 0;
    while let Some(view) = views.get(next) {
        let (quoted, called) = (format!("`{view}`"), format!("`{view}("));
        let referring = [format!("as {quoted}"), format!("as {called}")];
        let is_of = |passage: &&String| {
            let rest = referring.iter().fold((*passage).clone(), |rest, refers| rest.replace(refers, ""));
            rest.contains(&quoted) || rest.contains(&called)
        };
        let own: Vec<&str> = passages.iter().filter(is_of).map(String::as_str).collect();
        let own = own.join("\n");
        let other = |after: &str| after.split(['`', '(']).next().unwrap_or_default().to_owned();
        let referred: Vec<String> =
            own.split("as `").skip(1).map(other).filter(|other| !views.contains(other)).collect();
        views.extend(referred);
        text.push_str(&own);
        next += 1;
    }
    text
}

/// Whether a text names a column: by its name, or by a pattern such as `*_p75_ms`.
fn names(text: &str, column: &str) -> bool {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '*')).any(|word| {
        word == column
            || word
                .strip_prefix('*')
                .is_some_and(|end| end.starts_with('_') && column.ends_with(end) && column.len() > end.len())
    })
}

#[tokio::test]
async fn the_readme_names_every_table_view_and_column_of_a_view() {
    let readme = std::fs::read_to_string(workspace().join("sql/README.md")).unwrap();
    let passages = passages(&readme);
    let mut lacking: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for object in objects().await {
        let own = said(&passages, &object.name);
        if own.is_empty() {
            lacking.insert(object.name.clone(), vec!["(itself)".to_owned()]);
        } else if object.engine == "View" {
            let unnamed: Vec<String> = object
                .columns
                .iter()
                .filter(|column| !names(&own, &column.name))
                .map(|column| column.name.clone())
                .collect();
            if !unnamed.is_empty() {
                lacking.insert(object.name.clone(), unnamed);
            }
        }
    }
    assert!(lacking.is_empty(), "sql/README.md does not name: {lacking:#?}");
}

#[tokio::test]
async fn the_readme_has_every_tables_key_partition_and_age() {
    let readme = std::fs::read_to_string(workspace().join("sql/README.md")).unwrap();
    for table in objects().await.iter().filter(|object| object.is_table()) {
        let begin = format!("| `{}` | ", table.name);
        let row =
            readme.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("no row for {}", table.name));
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let partition = match table.partition_key.as_str() {
            "" => "none",
            key if key.starts_with("toYYYYMMDD(") => "day",
            key if key.starts_with("toYYYYMM(") => "month",
            other => panic!("{}: partitioned by {other}", table.name),
        };
        // A table that is filled anew as a whole has no TTL.
        let age = if cells[4] == "until the next refresh" && table.ttl.is_empty() {
            cells[4].to_owned()
        } else {
            age(&table.ttl)
        };
        assert_eq!(cells[2..5], [table.sorting_key.as_str(), partition, &age], "{row}");
    }
}
