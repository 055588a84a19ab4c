//! The schema in a test's own database.

use anyhow::Context;
use clickhouse::Client;
use collector::store::migrate::{MIGRATIONS, VIEWS};

/// Creates in `database` what `sql/migrations` and `sql/views` say, in the order of the files' names. Returns a client of that
/// database, with dates and times understood in every usual spelling.
pub async fn apply_sql(url: &str, database: &str) -> anyhow::Result<Client> {
    let client = Client::default().with_url(url).with_database(database);
    let migrations = MIGRATIONS.iter().map(|migration| (migration.name, migration.sql));
    for (name, sql) in migrations.chain(VIEWS.iter().copied()) {
        let sql = sql.replace("{{database}}", &format!("`{database}`"));
        client.query_raw(&sql).execute().await.with_context(|| name.to_owned())?;
    }
    Ok(client)
}
