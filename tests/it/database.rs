//! A database of a test's own, with the schema in it.

use clickhouse::Client;
use tests::embedded::EmbeddedClickHouse;
use tests::loss_reference::{CubeRow, GoalRow};
use tests::schema::apply_sql;
use time::{Date, Duration, OffsetDateTime};

/// The database `test_<name>`, new. It goes with the calling thread.
pub(crate) async fn database(name: &str) -> Client {
    let database = EmbeddedClickHouse::shared().database(&format!("test_{name}"));
    apply_sql(&database.url(), database.name()).await.unwrap()
}

/// A day far enough back for 30 days after it to be over, and recent enough for no table to drop its rows as too old.
pub(crate) fn first_day() -> Date {
    OffsetDateTime::now_utc().date() - Duration::days(40)
}

/// Puts rows into `loss_cube` as if they had come from beacons of `site`.
pub(crate) async fn insert_cube(client: &Client, site: &str, rows: &[CubeRow]) {
    let values: Vec<String> = rows
        .iter()
        .map(|row| {
            let CubeRow { day, country, page_group, device, nav, bucket, n, k, t_ms } = row;
            format!("('{site}','{day}','{country}','{page_group}','{device}','{nav}',{bucket},{n},{k},0,{t_ms})")
        })
        .collect();
    insert(client, "loss_cube", &values).await;
}

/// Puts rows into `goals_daily`, all on `day`.
pub(crate) async fn insert_goals(client: &Client, site: &str, day: Date, rows: &[GoalRow]) {
    let values: Vec<String> = rows
        .iter()
        .map(|GoalRow { country, orders, revenue }| format!("('{site}','{day}','{country}',{orders},{revenue})"))
        .collect();
    insert(client, "goals_daily", &values).await;
}

/// Inserts rows written as SQL, if there are any.
pub(crate) async fn insert(client: &Client, into: &str, values: &[String]) {
    if !values.is_empty() {
        execute(client, &format!("INSERT INTO {into} VALUES {}", values.join(","))).await;
    }
}

/// Runs a statement without an answer.
pub(crate) async fn execute(client: &Client, sql: &str) {
    client.query_raw(sql).execute().await.unwrap();
}

/// The answer to a question as lines of values with tabs between them, `\N` for NULL.
pub(crate) async fn lines(client: &Client, sql: &str) -> Vec<String> {
    let bytes = client.query_raw(sql).fetch_bytes("TabSeparated").unwrap().collect().await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

/// The engine's message when it refuses a question.
pub(crate) async fn refusal(client: &Client, sql: &str) -> String {
    client.query_raw(sql).fetch_bytes("TabSeparated").unwrap().collect().await.unwrap_err().to_string()
}
