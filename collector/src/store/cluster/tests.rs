use super::*;

const TABLE: &str = "CREATE TABLE t (session_id UInt64, a UInt8) ENGINE = MergeTree ORDER BY a";
const ROLLUP: &str = "CREATE TABLE r (a UInt8, n UInt64) ENGINE = SummingMergeTree(n) ORDER BY a";
const FEED: &str = "CREATE MATERIALIZED VIEW r_from_t TO r AS SELECT a, 1 AS n FROM t WHERE t != 'FROM t'";

fn migrations(statements: &[&'static str]) -> Vec<Migration> {
    let numbered = (1..).zip(statements);
    numbered.map(|(version, sql)| Migration { version, name: "x", checksum: "aa", sql }).collect()
}

/// What the last of these migrations becomes, without its record.
fn made_of(statements: &[&'static str]) -> Result<Vec<String>, ClusterError> {
    let cluster = Cluster::new("c", "d").unwrap();
    let after = u32::try_from(statements.len()).unwrap() - 1;
    let schema = cluster.schema_of(&migrations(statements), &[], after)?;
    let mut made: Vec<String> = schema.into_iter().skip(3).map(|statement| statement.sql).collect();
    assert!(made.pop().unwrap().starts_with("INSERT INTO `d`.schema_migrations"));
    Ok(made)
}

fn made_of_view(sql: &'static str) -> Result<String, ClusterError> {
    let cluster = Cluster::new("c", "d").unwrap();
    let schema = cluster.schema_of(&migrations(&[TABLE, ROLLUP]), &[("v", sql)], 2)?;
    Ok(schema.last().unwrap().sql.clone())
}

fn refusal(statements: &[&'static str]) -> String {
    made_of(statements).unwrap_err().to_string()
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let long = "a".repeat(64);
    for name in ["c", "my-cluster_1", "1", CLUSTER_MACRO, &long] {
        assert!(Cluster::new(name, "d").is_ok(), "{name}");
    }
    for name in ["", "c'", "c d", "{other}", "ä", &format!("{long}a")] {
        assert_eq!(Cluster::new(name, "d").unwrap_err(), ClusterError::Name(name.to_owned()));
    }
    assert!(Cluster::new("c", &long).is_ok());
    for database in ["", "a-b", "1a", "a`b", &format!("{long}a")] {
        assert_eq!(Cluster::new("c", database).unwrap_err(), ClusterError::Database(database.to_owned()));
    }
}

#[test]
fn a_table_becomes_a_replicated_one_and_a_distributed_one_over_it() {
    let sql = "-- What it is.\nCREATE TABLE t\n(\n    session_id UInt64, -- FROM where\n    at Date\n)\nENGINE = ReplacingMergeTree(seq)\n\
               ORDER BY (at, session_id)\nSETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1\nCOMMENT 'It''s';\n";
    let made = made_of(&[sql]).unwrap();
    let local = "CREATE TABLE IF NOT EXISTS `d`.t_local ON CLUSTER 'c'\n(\n    session_id UInt64, -- FROM where\n    at Date\n)\n\
                 ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', seq)\n\
                 ORDER BY (at, session_id)\nSETTINGS replicated_deduplication_window = 1000, \
                 replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1\nCOMMENT 'It''s'";
    let over = "CREATE TABLE IF NOT EXISTS `d`.t ON CLUSTER 'c'\nAS `d`.t_local\n\
                ENGINE = Distributed('c', 'd', 't_local', cityHash64(session_id))\nCOMMENT 'It''s'";
    assert_eq!(made, [local, over]);
}

#[test]
fn every_engine_of_the_family_keeps_its_arguments() {
    let replicated = |engine: &str| {
        let sql = format!("CREATE TABLE t (a UInt8) ENGINE = {engine} ORDER BY a");
        let mut draft = Draft::new(&sql);
        replicate(&mut draft, "P, R").map(|()| draft.finish())
    };
    for (engine, expected) in [
        ("MergeTree", "ReplicatedMergeTree(P, R)"),
        ("MergeTree()", "ReplicatedMergeTree(P, R)"),
        ("ReplacingMergeTree(seq, gone)", "ReplicatedReplacingMergeTree(P, R, seq, gone)"),
        ("SummingMergeTree((n, k))", "ReplicatedSummingMergeTree(P, R, (n, k))"),
        ("AggregatingMergeTree", "ReplicatedAggregatingMergeTree(P, R)"),
    ] {
        assert_eq!(replicated(engine).unwrap(), format!("CREATE TABLE t (a UInt8) ENGINE = {expected} ORDER BY a"));
    }
    for engine in ["Memory", "ReplicatedMergeTree('a', 'b')", "SharedMergeTree"] {
        assert!(replicated(engine).is_err(), "{engine}");
    }
}

#[test]
fn rows_without_a_session_are_divided_by_their_sorting_key_and_rollups_not_at_all() {
    let table = "CREATE TABLE t (a UInt8, f Tuple(session_id UInt8)) ENGINE = MergeTree ORDER BY (a, toDate(f))";
    assert!(made_of(&[table]).unwrap()[1].ends_with("'t_local', cityHash64(a, toDate(f)))"));
    let rollup = made_of(&[FEED, TABLE, ROLLUP]).unwrap();
    assert!(
        rollup[0]
            .contains("ReplicatedSummingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', n)")
    );
    assert!(rollup[1].ends_with("ENGINE = Distributed('c', 'd', 'r_local')"), "{}", rollup[1]);
    assert!(refusal(&["CREATE TABLE t (a UInt8) ENGINE = MergeTree"]).contains("no sorting key"));
}

#[test]
fn a_materialized_view_reads_and_writes_local_tables() {
    let feed = "CREATE MATERIALIZED VIEW r_from_t TO r AS\nSELECT a, 'FROM t' AS n -- FROM t\nFROM t ARRAY JOIN b AS c";
    let made = made_of(&[TABLE, ROLLUP, feed]).unwrap();
    let expected = "CREATE MATERIALIZED VIEW IF NOT EXISTS `d`.r_from_t ON CLUSTER 'c' TO `d`.r_local AS\n\
                    SELECT a, 'FROM t' AS n -- FROM t\nFROM `d`.t_local ARRAY JOIN b AS c";
    assert_eq!(made, [expected]);
    let query = "ALTER TABLE r_from_t MODIFY QUERY SELECT a, 2 AS n FROM t";
    let expected = "ALTER TABLE `d`.r_from_t ON CLUSTER 'c' MODIFY QUERY SELECT a, 2 AS n FROM `d`.t_local";
    assert_eq!(made_of(&[TABLE, ROLLUP, feed, query]).unwrap(), [expected]);
}

#[test]
fn a_view_that_is_refreshed_by_the_clock_is_left_out_and_its_table_takes_no_rows() {
    let refreshed = "CREATE MATERIALIZED VIEW r_from_t REFRESH EVERY 5 MINUTE APPEND TO r AS SELECT a, 1 AS n FROM t";
    assert!(made_of(&[TABLE, ROLLUP, refreshed]).unwrap().is_empty());
    assert!(
        made_of(&[TABLE, ROLLUP, refreshed, "ALTER TABLE r_from_t MODIFY REFRESH EVERY 1 HOUR"]).unwrap().is_empty()
    );
    let rollup = made_of(&[refreshed, TABLE, ROLLUP]).unwrap();
    assert!(rollup[1].ends_with("ENGINE = Distributed('c', 'd', 'r_local')"), "{}", rollup[1]);
}

#[test]
fn a_materialized_view_that_might_read_a_distributed_table_is_refused() {
    assert!(refusal(&[TABLE, ROLLUP, FEED]).contains("names t elsewhere than after FROM or JOIN"));
    let other = "CREATE MATERIALIZED VIEW r_from_t TO r AS SELECT number AS a FROM numbers(1)";
    assert!(refusal(&[TABLE, ROLLUP, other]).contains("reads no table of the schema"));
    let to = "CREATE MATERIALIZED VIEW r_from_t TO elsewhere AS SELECT a FROM t";
    assert!(refusal(&[TABLE, to]).contains("writes a table of the schema"));
}

#[test]
fn columns_change_in_both_tables_and_storage_in_the_local_one() {
    let columns = "ALTER TABLE t\n    ADD COLUMN IF NOT EXISTS b Enum8('x' = 1, 'y' = 2) COMMENT 'b, c',\n    COMMENT COLUMN a 'a'";
    let rest = " ON CLUSTER 'c'\n    ADD COLUMN IF NOT EXISTS b Enum8('x' = 1, 'y' = 2) COMMENT 'b, c',\n    COMMENT COLUMN a 'a'";
    let expected = [format!("ALTER TABLE `d`.t_local{rest}"), format!("ALTER TABLE `d`.t{rest}")];
    assert_eq!(made_of(&[TABLE, columns]).unwrap(), expected);

    let setting = "ALTER TABLE t MODIFY SETTING min_bytes_for_wide_part = 1, non_replicated_deduplication_window = 9";
    let expected = "ALTER TABLE `d`.t_local ON CLUSTER 'c' MODIFY SETTING min_bytes_for_wide_part = 1, \
                    replicated_deduplication_window = 9, replicated_deduplication_window_seconds = 604800";
    assert_eq!(made_of(&[TABLE, setting]).unwrap(), [expected]);

    let mixed = "ALTER TABLE t MODIFY TTL a + INTERVAL 1 DAY, ADD COLUMN b UInt8";
    assert_eq!(made_of(&[TABLE, mixed]).unwrap()[1], "ALTER TABLE `d`.t ON CLUSTER 'c'\n    ADD COLUMN b UInt8");
}

#[test]
fn a_column_goes_from_the_distributed_table_first() {
    let made = made_of(&[TABLE, "ALTER TABLE t DROP COLUMN IF EXISTS a"]).unwrap();
    assert!(made[0].starts_with("ALTER TABLE `d`.t ON") && made[1].starts_with("ALTER TABLE `d`.t_local ON"));
}

#[test]
fn a_view_asks_the_distributed_tables() {
    let made = made_of_view(
        "CREATE OR REPLACE VIEW v AS\nWITH r AS (SELECT a FROM t FINAL ARRAY JOIN t.b AS c) -- FROM t\n\
         SELECT a FROM {{database}}.w(x = {x:UInt8}) JOIN r ON r.a = a",
    );
    let expected = "CREATE OR REPLACE VIEW `d`.v ON CLUSTER 'c' AS\n\
                    WITH r AS (SELECT a FROM `d`.t FINAL ARRAY JOIN t.b AS c) -- FROM t\n\
                    SELECT a FROM `d`.w(x = {x:UInt8}) JOIN r ON r.a = a";
    assert_eq!(made.unwrap(), expected);
    assert!(made_of_view("CREATE VIEW v AS SELECT 1").is_err());
}

#[test]
fn what_has_no_rule_is_refused_with_its_file() {
    assert_eq!(
        refusal(&[TABLE, "DROP TABLE t"]),
        "sql/migrations/0002_x.sql cannot be made one for a cluster: there is no rule for such a statement"
    );
    for statement in ["ALTER TABLE unknown ADD COLUMN b UInt8", "INSERT INTO t SELECT 1", "CREATE TABLE u AS t", ""] {
        assert!(made_of(&[TABLE, statement]).is_err(), "{statement}");
    }
    assert!(refusal(&[TABLE, "ALTER TABLE t FREEZE"]).contains("no rule for FREEZE"));
}

#[test]
fn the_schema_is_whole_and_can_be_told_from_a_migration_on() {
    let cluster = Cluster::new("c", "d").unwrap();
    let whole = cluster.schema(0).unwrap();
    let records = |schema: &[Statement]| schema.iter().filter(|made| made.sql.starts_with("INSERT")).count();
    assert_eq!(records(&whole), MIGRATIONS.len());
    assert!(whole.iter().all(|made| !made.sql.contains("{{") && !made.sql.contains("non_replicated")));
    let last = cluster.schema(u32::try_from(MIGRATIONS.len()).unwrap() - 1).unwrap();
    assert_eq!(records(&last), 1);
    assert_eq!(last[..3], whole[..3]);
    let is_refreshed = |(_, sql): &&(&str, &str)| sql.contains("MATERIALIZED VIEW");
    let views = VIEWS.len() - VIEWS.iter().filter(is_refreshed).count();
    assert!(views < VIEWS.len() && whole.iter().all(|made| !made.sql.contains(" REFRESH EVERY ")));
    assert_eq!(last[last.len() - views..], whole[whole.len() - views..]);
}
