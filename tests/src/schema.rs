//! The schema in a test's own database.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clickhouse::Client;

/// Creates `database` and in it what `sql/migrations` and `sql/views` say, in the order of the files' names. Returns a client of that
/// database, with dates and times understood in every usual spelling.
pub async fn apply_sql(url: &str, database: &str) -> anyhow::Result<Client> {
    let server = Client::default().with_url(url);
    server.query_raw(&format!("CREATE DATABASE `{database}`")).execute().await?;
    let client = server.with_database(database);
    for folder in ["migrations", "views"] {
        for file in sql_files(folder)? {
            let sql = fs::read_to_string(&file)?.replace("{{database}}", &format!("`{database}`"));
            client.query_raw(&sql).execute().await.with_context(|| file.display().to_string())?;
        }
    }
    Ok(client)
}

/// The `.sql` files of a folder of `sql/`, in order.
fn sql_files(folder: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sql").join(folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
