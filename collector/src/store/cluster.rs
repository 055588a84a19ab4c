//! The schema for a cluster of ClickHouse servers, made of the statements that a single server gets. Pure: text in, text out.
//!
//! Of each statement of `sql/migrations` and `sql/views`:
//!
//! - a table `T` becomes `T_local`, with the Replicated form of its engine, on every server, and a Distributed table `T` over it;
//! - a materialized view reads and writes the local tables of the server that it is on;
//! - an `ALTER` of columns changes both, any other one the local table;
//! - a view asks the Distributed tables, by the names that it has.
//!
//! Beside each migration stands its record in `schema_migrations`, which is the same on every server, so that `slowtax serve` takes them
//! for applied on whichever it asks. All may be run again, and what does not fit these rules is refused, not guessed.
//!
//! **Which shard a row goes to.** A row of a table with `session_id` goes by that, so that the snapshots of a view meet in one shard, where
//! `FINAL` and merges can fold them. Other rows go by their sorting key. Never by chance: a batch that is repeated with its deduplication
//! token must be divided as it was. A table that a materialized view feeds has no sharding key: its rows lie where their raw rows do, any
//! shard may have a part of any sum, and ClickHouse must neither be told otherwise nor accept rows for it.

mod draft;
mod rewrite;
#[cfg(test)]
mod tests;

use std::fmt;

use super::migrate::{self, MIGRATIONS, Migration, SCHEMA_MIGRATIONS, VIEWS};
use draft::Draft;
use rewrite::{Names, Rewrite, replicate};

/// Named so, the cluster is the one of the servers' own macro.
pub const CLUSTER_MACRO: &str = "{cluster}";

/// Where Keeper has a table that has all rows on every server, and what a replica is called there: servers of different shards may have
/// the same name.
const SHARED_REPLICA: &str = "'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'";

/// Why there is no schema for a cluster.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The cluster's name.
    #[error(
        "the cluster's name {0:?} does not fit: 1 to 64 letters, digits, _ and -, or {CLUSTER_MACRO} for the servers' macro"
    )]
    Name(String),
    /// The database's name.
    #[error("the database's name {0:?} does not fit: 1 to 64 letters, digits and _, the first no digit")]
    Database(String),
    /// A statement that there is no rule for. A test sees to it that there is none in a released program.
    #[error("{from} cannot be made one for a cluster: {what}")]
    Statement {
        /// Its file.
        from: String,
        /// What is in the way.
        what: String,
    },
}

/// One statement, without a semicolon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The file that it is made of, or what it is for.
    pub from: String,
    /// The statement.
    pub sql: String,
}

impl fmt::Display for Statement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "-- {}\n{};", self.from, self.sql)
    }
}

/// A cluster, and the database in it.
#[derive(Clone, Debug)]
pub struct Cluster {
    name: String,
    database: String,
}

impl Cluster {
    /// By their names, which go into the statements.
    pub fn new(name: &str, database: &str) -> Result<Self, ClusterError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_short = |text: &str| (1..=64).contains(&text.len());
        if name != CLUSTER_MACRO && !(is_short(name) && name.bytes().all(|byte| is_plain(byte) || byte == b'-')) {
            return Err(ClusterError::Name(name.to_owned()));
        }
        let is_number = database.starts_with(|first: char| first.is_ascii_digit());
        if is_number || !is_short(database) || !database.bytes().all(is_plain) {
            return Err(ClusterError::Database(database.to_owned()));
        }
        Ok(Self { name: name.to_owned(), database: database.to_owned() })
    }

    /// All statements, in the order in which they are to be run: the database, the migrations with a number over `after`, the views.
    pub fn schema(&self, after: u32) -> Result<Vec<Statement>, ClusterError> {
        self.schema_of(MIGRATIONS, VIEWS, after)
    }

    fn schema_of(
        &self,
        migrations: &[Migration],
        views: &[(&str, &str)],
        after: u32,
    ) -> Result<Vec<Statement>, ClusterError> {
        let names = Names::read(migrations, views);
        let mut statements = vec![self.database(), self.guard(&names), self.schema_migrations()?];
        for migration in migrations.iter().filter(|migration| migration.version > after) {
            let from = format!("sql/migrations/{:04}_{}.sql", migration.version, migration.name);
            let rewrite = Rewrite { cluster: self, names: &names, from: &from };
            let record = migrate::record(&self.of("schema_migrations"), migration);
            let made = rewrite.migration(migration.sql)?.into_iter().chain([record]);
            statements.extend(made.map(|sql| Statement { from: from.clone(), sql }));
        }
        for (name, sql) in views {
            let from = format!("sql/views/{name}.sql");
            let rewrite = Rewrite { cluster: self, names: &names, from: &from };
            let made = rewrite.view(&migrate::statement(sql, &self.database))?;
            statements.extend(made.map(|sql| Statement { from: from.clone(), sql }));
        }
        Ok(statements)
    }

    fn database(&self) -> Statement {
        let sql = format!("CREATE DATABASE IF NOT EXISTS `{}` {}", self.database, self.on_cluster());
        Statement { from: "The database.".to_owned(), sql }
    }

    /// `IF NOT EXISTS` would pass over the tables of a single server, and leave a schema that is half of each kind.
    fn guard(&self, names: &Names) -> Statement {
        let tables: Vec<String> = names.tables.iter().map(|table| format!("'{table}'")).collect();
        let sql = format!(
            "SELECT throwIf(count() > 0, 'a server of the cluster has the tables of a single server in this database: choose another one')\n\
             FROM clusterAllReplicas('{}', system.tables)\n\
             WHERE database = '{}'\n\
                 AND (engine != 'Distributed' AND name IN ({}) OR NOT startsWith(engine, 'Replicated') AND name = 'schema_migrations')\n\
             FORMAT Null",
            self.name,
            self.database,
            tables.join(", ")
        );
        Statement { from: "Fails where the database has the tables of a single server.".to_owned(), sql }
    }

    fn schema_migrations(&self) -> Result<Statement, ClusterError> {
        let from = "Which migrations are applied, on every server.".to_owned();
        let mut draft = Draft::new(SCHEMA_MIGRATIONS);
        let refused = |what: &str| ClusterError::Statement { from: from.clone(), what: what.to_owned() };
        let name = 5; // CREATE TABLE IF NOT EXISTS schema_migrations
        if !draft.has(0, &["CREATE", "TABLE", "IF", "NOT", "EXISTS", "schema_migrations"]) {
            return Err(refused("it begins otherwise"));
        }
        draft.replace(name..name + 1, format!("{} {}", self.of("schema_migrations"), self.on_cluster()));
        replicate(&mut draft, SHARED_REPLICA).map_err(refused)?;
        let sql = draft.finish();
        Ok(Statement { from, sql })
    }

    /// A name in the database.
    fn of(&self, name: &str) -> String {
        format!("`{}`.{name}", self.database)
    }

    fn on_cluster(&self) -> String {
        format!("ON CLUSTER '{}'", self.name)
    }
}
