//! The rules: what one server's statement becomes in a cluster.

use std::collections::BTreeSet;
use std::ops::Range;

use super::draft::Draft;
use super::{Cluster, ClusterError, Migration};

/// Where Keeper has a shard's table, and what a replica of it is called there.
const TABLE_REPLICA: &str = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";
/// What remembers the tokens of inserts, without and with replicas.
const PLAIN_WINDOW: &str = "non_replicated_deduplication_window";
const REPLICATED_WINDOW: &str = "replicated_deduplication_window";
/// For how long a replicated table remembers a token at most, where a plain one has no such limit: a week. (ClickHouse's default is an hour.)
const REPLICATED_WINDOW_S: u32 = 604_800;

/// The names that the schema's statements create and feed.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) tables: BTreeSet<String>,
    materialized_views: BTreeSet<String>,
    /// Those that are refreshed by the clock, not fed by INSERTs.
    refreshed: BTreeSet<String>,
    /// Tables that materialized views write.
    fed: BTreeSet<String>,
    views: BTreeSet<String>,
}

impl Names {
    pub(super) fn read(migrations: &[Migration], views: &[(&str, &str)]) -> Self {
        let mut names = Self::default();
        for sql in migrations.iter().map(|migration| migration.sql).chain(views.iter().map(|(_, sql)| *sql)) {
            let draft = Draft::new(sql);
            if draft.has(0, &CREATE_TABLE) {
                names.tables.insert(draft.token(2).to_owned());
            } else if draft.has(0, &CREATE_MATERIALIZED_VIEW) {
                let is_refreshed = draft.has(4, &["REFRESH"]);
                let kind = if is_refreshed { &mut names.refreshed } else { &mut names.materialized_views };
                kind.insert(draft.token(3).to_owned());
                if let Some(to) = draft.find(&["TO"]) {
                    names.fed.insert(draft.token(to + 1).to_owned());
                }
            } else if draft.has(0, &CREATE_VIEW) {
                names.views.insert(draft.token(4).to_owned());
            }
        }
        names
    }
}

const CREATE_TABLE: [&str; 2] = ["CREATE", "TABLE"];
const CREATE_MATERIALIZED_VIEW: [&str; 3] = ["CREATE", "MATERIALIZED", "VIEW"];
const REPLACE_MATERIALIZED_VIEW: [&str; 5] = ["CREATE", "OR", "REPLACE", "MATERIALIZED", "VIEW"];
const CREATE_VIEW: [&str; 4] = ["CREATE", "OR", "REPLACE", "VIEW"];
const ALTER_TABLE: [&str; 2] = ["ALTER", "TABLE"];

/// First words of the commands of an `ALTER`. What begins otherwise continues the command before (`MODIFY SETTING a = 1, b = 2`).
const COMMANDS: [&str; 12] = [
    "ADD",
    "ALTER",
    "CLEAR",
    "COMMENT",
    "DELETE",
    "DROP",
    "MATERIALIZE",
    "MODIFY",
    "REMOVE",
    "RENAME",
    "RESET",
    "UPDATE",
];
/// Commands that a Distributed table takes, and needs.
const COLUMN_COMMANDS: [[&str; 2]; 6] = [
    ["ADD", "COLUMN"],
    ["COMMENT", "COLUMN"],
    ["DROP", "COLUMN"],
    ["MODIFY", "COLUMN"],
    ["MODIFY", "COMMENT"],
    ["RENAME", "COLUMN"],
];
/// Commands about how rows are stored, which is the local table's matter.
const STORAGE_COMMANDS: [[&str; 2]; 10] = [
    ["ADD", "INDEX"],
    ["ADD", "PROJECTION"],
    ["DROP", "INDEX"],
    ["DROP", "PROJECTION"],
    ["MATERIALIZE", "COLUMN"],
    ["MATERIALIZE", "INDEX"],
    ["MATERIALIZE", "PROJECTION"],
    ["MODIFY", "SETTING"],
    ["MODIFY", "TTL"],
    ["RESET", "SETTING"],
];

/// One file's statement on its way.
pub(super) struct Rewrite<'schema> {
    pub(super) cluster: &'schema Cluster,
    pub(super) names: &'schema Names,
    pub(super) from: &'schema str,
}

impl Rewrite<'_> {
    /// What a migration's statement becomes.
    pub(super) fn migration(&self, sql: &str) -> Result<Vec<String>, ClusterError> {
        let draft = Draft::new(sql);
        if draft.has(0, &CREATE_TABLE) {
            self.table(draft)
        } else if self.is_refreshed(&draft) {
            Ok(vec![])
        } else if draft.has(0, &CREATE_MATERIALIZED_VIEW) {
            Ok(vec![self.materialized_view(draft)?])
        } else if draft.has(0, &ALTER_TABLE) && self.names.materialized_views.contains(draft.token(2)) {
            Ok(vec![self.materialized_query(draft)?])
        } else if draft.has(0, &ALTER_TABLE) && self.names.tables.contains(draft.token(2)) {
            self.alter(&draft)
        } else {
            Err(self.refused("there is no rule for such a statement"))
        }
    }

    /// Whether it makes or changes a view that is refreshed by the clock. A cluster has none: each server would compute its own rows at its own
    /// time, replicas the same ones twice, and a question over all shards could not tell which belong together. What such a view fills stays
    /// empty, and questions read the raw tables, each shard its part.
    fn is_refreshed(&self, draft: &Draft<'_>) -> bool {
        let is_made = draft.has(0, &CREATE_MATERIALIZED_VIEW) && self.names.refreshed.contains(draft.token(3));
        is_made || draft.has(0, &ALTER_TABLE) && self.names.refreshed.contains(draft.token(2))
    }

    /// `CREATE TABLE name (...) ENGINE = ...`
    fn table(&self, mut draft: Draft<'_>) -> Result<Vec<String>, ClusterError> {
        let name = draft.token(2);
        if draft.token(3) != "(" {
            return Err(self.refused("a table's columns come right after its name"));
        }
        let key = if self.names.fed.contains(name) {
            String::new()
        } else {
            let columns = sharding_columns(&draft).ok_or_else(|| self.refused("the table has no sorting key"))?;
            format!(", cityHash64({columns})")
        };
        let comment = draft.find(&["COMMENT"]).map(|at| format!("\nCOMMENT {}", draft.token(at + 1)));
        let over = format!(
            "CREATE TABLE IF NOT EXISTS {} {}\nAS {}\nENGINE = Distributed('{}', '{}', '{name}_local'{key}){}",
            self.cluster.of(name),
            self.cluster.on_cluster(),
            self.local(name),
            self.cluster.name,
            self.cluster.database,
            comment.unwrap_or_default(),
        );
        let head = format!("CREATE TABLE IF NOT EXISTS {} {}", self.local(name), self.cluster.on_cluster());
        draft.replace(0..3, head);
        replicate(&mut draft, TABLE_REPLICA).map_err(|what| self.refused(what))?;
        rename_window(&mut draft);
        Ok(vec![draft.finish(), over])
    }

    /// `CREATE MATERIALIZED VIEW name TO table AS SELECT ...`
    fn materialized_view(&self, mut draft: Draft<'_>) -> Result<String, ClusterError> {
        let (name, target) = (draft.token(3), draft.token(5));
        if !draft.has(4, &["TO"]) || !draft.has(6, &["AS"]) || !self.names.tables.contains(target) {
            return Err(self.refused("a materialized view writes a table of the schema"));
        }
        let head = format!(
            "CREATE MATERIALIZED VIEW IF NOT EXISTS {} {} TO {} AS",
            self.cluster.of(name),
            self.cluster.on_cluster(),
            self.local(target)
        );
        draft.replace(0..7, head);
        self.read_local(&mut draft, 7)?;
        Ok(draft.finish())
    }

    /// `ALTER TABLE name MODIFY QUERY SELECT ...`
    fn materialized_query(&self, mut draft: Draft<'_>) -> Result<String, ClusterError> {
        if !draft.has(3, &["MODIFY", "QUERY"]) {
            return Err(self.refused("of a materialized view only the query can be changed"));
        }
        let name = draft.token(2);
        draft.replace(2..3, format!("{} {}", self.cluster.of(name), self.cluster.on_cluster()));
        self.read_local(&mut draft, 5)?;
        Ok(draft.finish())
    }

    /// Lets a materialized view's query, from the token `start` on, read local tables. One that read a Distributed table would never run.
    fn read_local(&self, draft: &mut Draft<'_>, start: usize) -> Result<(), ClusterError> {
        let mut is_fed = false;
        for index in start..draft.len() {
            let name = draft.token(index);
            if self.names.tables.contains(name) {
                if !is_source(draft, index) {
                    return Err(self.refused(&format!("its query names {name} elsewhere than after FROM or JOIN")));
                }
                draft.replace(index..index + 1, self.local(name));
                is_fed = true;
            }
        }
        if is_fed { Ok(()) } else { Err(self.refused("its query reads no table of the schema")) }
    }

    /// `ALTER TABLE name command, ...`
    fn alter(&self, draft: &Draft<'_>) -> Result<Vec<String>, ClusterError> {
        let name = draft.token(2);
        let commands = commands(draft, 3);
        let mut columns = Vec::new();
        for command in &commands {
            let is_one_of = |known: &[[&str; 2]]| known.iter().any(|words| draft.has(command.start, words));
            if is_one_of(&COLUMN_COMMANDS) {
                columns.push(command.clone());
            } else if !is_one_of(&STORAGE_COMMANDS) {
                return Err(self.refused(&format!("there is no rule for {}", draft.text(command.clone()))));
            }
        }
        let head = |table: String| format!("ALTER TABLE {table} {}", self.cluster.on_cluster());
        let mut all = Draft::new(draft.text(0..draft.len()));
        all.replace(0..3, head(self.local(name)));
        rename_window(&mut all);
        let mut made = vec![all.finish()];
        if !columns.is_empty() {
            let texts: Vec<&str> = columns.iter().map(|command| draft.text(command.clone())).collect();
            made.push(format!("{}\n    {}", head(self.cluster.of(name)), texts.join(",\n    ")));
        }
        // The Distributed table must never have a column that the local ones lack.
        if columns.iter().any(|command| draft.has(command.start, &["DROP"])) {
            made.reverse();
        }
        Ok(made)
    }

    /// `CREATE OR REPLACE VIEW name AS ...`
    /// `None`: a cluster has no such view, see [`Self::is_refreshed`].
    pub(super) fn view(&self, sql: &str) -> Result<Option<String>, ClusterError> {
        let mut draft = Draft::new(sql);
        if draft.has(0, &REPLACE_MATERIALIZED_VIEW) && draft.has(6, &["REFRESH"]) {
            return Ok(None);
        }
        if !draft.has(0, &CREATE_VIEW) || !draft.has(5, &["AS"]) {
            return Err(self.refused("there is no rule for such a statement"));
        }
        let name = draft.token(4);
        draft.replace(4..5, format!("{} {}", self.cluster.of(name), self.cluster.on_cluster()));
        // A subquery may have a table's name; in that view it is the subquery's.
        let own: BTreeSet<&str> =
            (6..draft.len()).filter(|&at| draft.has(at + 1, &["AS", "("])).map(|at| draft.token(at)).collect();
        for index in 6..draft.len() {
            let name = draft.token(index);
            let is_known = self.names.tables.contains(name) || self.names.views.contains(name);
            if is_known && !own.contains(name) && is_source(&draft, index) {
                draft.replace(index..index + 1, self.cluster.of(name));
            }
        }
        Ok(Some(draft.finish()))
    }

    fn local(&self, table: &str) -> String {
        self.cluster.of(&format!("{table}_local"))
    }

    fn refused(&self, what: &str) -> ClusterError {
        ClusterError::Statement { from: self.from.to_owned(), what: what.to_owned() }
    }
}

/// Whether the name at `index` is that of what a query reads. (After ARRAY JOIN stands a column, and before a dot a column's table.)
fn is_source(draft: &Draft<'_>, index: usize) -> bool {
    let is_after = draft.has(index - 1, &["FROM"]) || draft.has(index - 1, &["JOIN"]);
    is_after && !draft.has(index - 2, &["ARRAY"]) && draft.token(index + 1) != "."
}

/// Makes the engine the Replicated one of its kind, with `replica` before its own arguments.
pub(super) fn replicate(draft: &mut Draft<'_>, replica: &str) -> Result<(), &'static str> {
    let engine = draft.find(&["ENGINE", "="]).ok_or("the table names no engine")? + 2;
    let name = draft.token(engine);
    if !name.ends_with("MergeTree") || name.starts_with("Replicated") || name.starts_with("Shared") {
        return Err("only engines of the MergeTree family can be replicated");
    }
    draft.replace(engine..engine + 1, format!("Replicated{name}"));
    if draft.token(engine + 1) == "(" {
        let comma = if draft.token(engine + 2) == ")" { "" } else { ", " };
        draft.insert_after(engine + 1, format!("{replica}{comma}"));
    } else {
        draft.insert_after(engine, format!("({replica})"));
    }
    Ok(())
}

/// Lets the setting `name = value` of a plain table's window be those of a replicated one's.
fn rename_window(draft: &mut Draft<'_>) {
    for index in (0..draft.len()).filter(|&index| draft.has(index, &[PLAIN_WINDOW, "="])).collect::<Vec<_>>() {
        draft.replace(index..index + 1, REPLICATED_WINDOW);
        draft.insert_after(index + 2, format!(", {REPLICATED_WINDOW}_seconds = {REPLICATED_WINDOW_S}"));
    }
}

/// The columns by which a raw table's rows are divided among the shards.
fn sharding_columns<'sql>(draft: &Draft<'sql>) -> Option<&'sql str> {
    let end = draft.closing(3)?;
    let is_column = |index: &usize| draft.is_at_depth(*index, 1) && matches!(draft.token(index - 1), "(" | ",");
    if (4..end).filter(is_column).any(|index| draft.token(index) == "session_id") {
        return Some("session_id");
    }
    let key = draft.find(&["ORDER", "BY"])? + 2;
    match draft.token(key) {
        "(" => Some(draft.text(key + 1..draft.closing(key)?)),
        column => Some(column),
    }
}

/// The commands of an `ALTER` that begin at `start`, as tokens without the commas between them.
fn commands(draft: &Draft<'_>, start: usize) -> Vec<Range<usize>> {
    let begins = |index: usize| COMMANDS.iter().any(|word| draft.has(index, &[word]));
    let mut found = Vec::new();
    let mut at = start;
    for index in start..draft.len() {
        if draft.token(index) == "," && draft.is_at_depth(index, 0) && begins(index + 1) {
            found.push(at..index);
            at = index + 1;
        }
    }
    found.push(at..draft.len());
    found
}
