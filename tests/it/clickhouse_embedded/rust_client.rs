//! The `clickhouse` crate, with validation and compression as it has them by default.

use clickhouse::{Client, Compression, Row};
use serde::{Deserialize, Serialize};
use tests::embedded::EmbeddedClickHouse;

#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
struct Visit {
    id: u64,
    country: String,
    price: Option<f64>,
    tags: Vec<String>,
    device: i8,
}

impl Visit {
    fn of(id: u64) -> Self {
        Self {
            id,
            country: ["DE", "FR", "BR"][usize::try_from(id % 3).unwrap()].to_owned(),
            price: id.is_multiple_of(2).then_some(id as f64 / 4.0),
            tags: (0..id % 4).map(|tag| format!("tag {tag}")).collect(),
            device: 1,
        }
    }
}

async fn client(database: &str, compression: Compression) -> Client {
    let server = EmbeddedClickHouse::shared();
    server.database(database);
    let client = Client::default().with_url(server.url()).with_database(database).with_compression(compression);
    client
        .query(
            "CREATE TABLE visits (id UInt64, country LowCardinality(String), price Nullable(Float64), \
             tags Array(String), device Enum8('mobile' = 1, 'desktop' = 2)) ENGINE = MergeTree ORDER BY id",
        )
        .execute()
        .await
        .unwrap();
    client
}

#[tokio::test]
async fn rows_go_in_and_come_out_validated() {
    for (name, compression) in [("rust_plain", Compression::None), ("rust_lz4", Compression::Lz4)] {
        let client = client(name, compression).await;
        let mut insert = client.insert::<Visit>("visits").await.unwrap();
        for id in 0..1000 {
            insert.write(&Visit::of(id)).await.unwrap();
        }
        insert.end().await.unwrap();
        let mut inserter = client.inserter::<Visit>("visits").with_max_rows(100);
        for id in 1000..1500 {
            inserter.write(&Visit::of(id)).await.unwrap();
            inserter.commit().await.unwrap();
        }
        inserter.end().await.unwrap();
        let rows = client.query("SELECT ?fields FROM visits ORDER BY id").fetch_all::<Visit>().await.unwrap();
        assert_eq!(rows, (0..1500).map(Visit::of).collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn a_row_type_that_does_not_fit_is_noticed_by_the_client() {
    #[derive(Debug, Row, Deserialize)]
    struct Wrong {
        #[expect(dead_code, reason = "never read: the type is wrong")]
        id: u32,
    }
    let client = client("rust_wrong_type", Compression::Lz4).await;
    client.query("INSERT INTO visits (id) VALUES (1)").execute().await.unwrap();
    let outcome =
        tokio::spawn(async move { client.query("SELECT id FROM visits").fetch_one::<Wrong>().await.map(|_| ()) }).await;
    assert!(!matches!(outcome, Ok(Ok(()))), "UInt64 was read as u32");
}

#[tokio::test]
async fn a_cursor_reads_a_million_rows() {
    for compression in [Compression::None, Compression::Lz4] {
        let client = Client::default().with_url(EmbeddedClickHouse::shared().url()).with_compression(compression);
        let mut cursor =
            client.query("SELECT number, toString(number) FROM numbers(1000000)").fetch::<(u64, String)>().unwrap();
        let mut rows = 0;
        while let Some((number, text)) = cursor.next().await.unwrap() {
            assert_eq!((number, text.parse()), (rows, Ok(rows)));
            rows += 1;
        }
        assert_eq!(rows, 1_000_000);
    }
}

#[tokio::test]
async fn parameters_and_settings_reach_the_statement() {
    let client = Client::default().with_url(EmbeddedClickHouse::shared().url());
    let nasty = "it's \\ a \"quote\"\n\ttab";
    let text: String = client.query("SELECT {text:String}").param("text", nasty).fetch_one().await.unwrap();
    assert_eq!(text, nasty);
    let text: String = client.query("SELECT ?").bind(nasty).fetch_one().await.unwrap();
    assert_eq!(text, nasty);
    let sum: u64 = client
        .query("SELECT arraySum({numbers:Array(UInt64)})")
        .param("numbers", vec![1, 2, 39])
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(sum, 42);
    let threads: String = client
        .query("SELECT toString(getSetting('max_threads'))")
        .with_setting("max_threads", "3")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(threads, "3");
}

#[tokio::test]
async fn errors_are_those_of_a_server() {
    let url = EmbeddedClickHouse::shared().url();
    for compression in [Compression::None, Compression::Lz4] {
        let client = Client::default().with_url(&url).with_compression(compression);
        let text = |error: clickhouse::error::Error| error.to_string();
        let error = client.query("SELECT nope").fetch_one::<u8>().await.map_err(text).unwrap_err();
        assert!(error.contains("Code: 47. DB::Exception: ") && error.contains("(UNKNOWN_IDENTIFIER)"), "{error}");
        let error = client.query("CREATE TABLE").execute().await.map_err(text).unwrap_err();
        assert!(error.contains("Code: 62. DB::Exception: "), "{error}");
        let mut insert = client.insert_formatted_with("INSERT INTO nope FORMAT CSV");
        let sent = insert.send("1\n".into()).await;
        let error = match sent {
            Ok(()) => insert.end().await.map_err(text).unwrap_err(),
            Err(error) => text(error),
        };
        assert!(error.contains("Code: 60. DB::Exception: "), "{error}");
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_an_error_and_no_short_result() {
    for compression in [Compression::None, Compression::Lz4] {
        let client = Client::default().with_url(EmbeddedClickHouse::shared().url()).with_compression(compression);
        let mut cursor = client
            .query("SELECT throwIf(number = 2900000), sipHash64(number) FROM numbers(3000000)")
            .fetch::<(u8, u64)>()
            .unwrap();
        let mut rows = 0_u64;
        let error = loop {
            match cursor.next().await {
                Ok(Some(_)) => rows += 1,
                Ok(None) => panic!("the result ended after {rows} rows without an error"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(rows > 100_000, "only {rows} rows");
        assert!(error.contains("Code: 395. DB::Exception: "), "{compression:?}, after {rows} rows: {error}");
    }
}
