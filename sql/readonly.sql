-- A user who only asks, for a ClickHouse server: run once, by somebody who may manage users, after the first start of Slowtax (the database is called
-- slowtax here). Not for the embedded ClickHouse, which has one user; what its questions may cost stands in clickhouse-embedded/README.md.
--
--   clickhouse-client --queries-file readonly.sql
--   clickhouse-client --query "ALTER USER slowtax_reader IDENTIFIED BY 'a password' HOST ANY"
--
-- The views run with the rights of the user that Slowtax logs in with (SQL SECURITY DEFINER, since ClickHouse 24.10 for those with parameters), so the
-- reader sees no single page view. Alarms and incidents are tables: GRANT SELECT ON slowtax.alarms, and so on. For questions of one's own on the tables: GRANT SELECT ON slowtax.* TO slowtax_reading.
-- On a cluster say ON CLUSTER in each statement, and grant the tables: a Distributed table is asked with the reader's rights whatever the view says
-- (https://github.com/ClickHouse/ClickHouse/issues/72133).

-- 2, not 1: clients set formats and the like with each question. Parameters ({site:String}) are no settings. What may not be raised is bounded.
CREATE SETTINGS PROFILE IF NOT EXISTS slowtax_reading SETTINGS
    readonly = 2,
    max_execution_time = 60 MIN 1 MAX 600,
    max_memory_usage = 4294967296 MIN 1 MAX 4294967296,
    max_result_rows = 10000000 MIN 1 MAX 100000000,
    max_concurrent_queries_for_user = 8 MIN 1 MAX 8;

CREATE ROLE IF NOT EXISTS slowtax_reading SETTINGS PROFILE 'slowtax_reading';

GRANT SELECT ON slowtax.loss_placebo TO slowtax_reading;
GRANT SELECT ON slowtax.cube_check TO slowtax_reading;
GRANT SELECT ON slowtax.loss_what_if TO slowtax_reading;
GRANT SELECT ON slowtax.loss_curve TO slowtax_reading;
GRANT SELECT ON slowtax.experiment_effect TO slowtax_reading;
GRANT SELECT ON slowtax.loss_by_country_page TO slowtax_reading;
GRANT SELECT ON slowtax.loss_by_country TO slowtax_reading;
GRANT SELECT ON slowtax.loss_by_page TO slowtax_reading;
GRANT SELECT ON slowtax.loss_by_country_pages TO slowtax_reading;
GRANT SELECT ON slowtax.loss_by_device TO slowtax_reading;
GRANT SELECT ON slowtax.loss_by_release TO slowtax_reading;
GRANT SELECT ON slowtax.loss_by_experiment_arm TO slowtax_reading;
GRANT SELECT ON slowtax.loss_by_day TO slowtax_reading;
GRANT SELECT ON slowtax.page_flow_by_page TO slowtax_reading;
GRANT SELECT ON slowtax.page_flow_by_country TO slowtax_reading;
GRANT SELECT ON slowtax.vitals_by TO slowtax_reading;
GRANT SELECT ON slowtax.lcp_by TO slowtax_reading;
GRANT SELECT ON slowtax.web_vitals_by_country TO slowtax_reading;
GRANT SELECT ON slowtax.web_vitals_by_browser TO slowtax_reading;
GRANT SELECT ON slowtax.web_vitals_by_connection TO slowtax_reading;
GRANT SELECT ON slowtax.web_vitals_by_country_page TO slowtax_reading;
GRANT SELECT ON slowtax.web_vitals_by_device TO slowtax_reading;
GRANT SELECT ON slowtax.web_vitals_by_page TO slowtax_reading;
GRANT SELECT ON slowtax.web_vitals_by_release TO slowtax_reading;
GRANT SELECT ON slowtax.phases_by_country TO slowtax_reading;
GRANT SELECT ON slowtax.phases_by_page TO slowtax_reading;
GRANT SELECT ON slowtax.own_domains TO slowtax_reading;
GRANT SELECT ON slowtax.slow_hosts TO slowtax_reading;
GRANT SELECT ON slowtax.resource_types TO slowtax_reading;
GRANT SELECT ON slowtax.resource_hosts TO slowtax_reading;
GRANT SELECT ON slowtax.lcp_elements TO slowtax_reading;
GRANT SELECT ON slowtax.lcp_parts_by TO slowtax_reading;
GRANT SELECT ON slowtax.inp_targets TO slowtax_reading;
GRANT SELECT ON slowtax.lcp_parts_by_country TO slowtax_reading;
GRANT SELECT ON slowtax.lcp_parts_by_page TO slowtax_reading;
GRANT SELECT ON slowtax.cls_elements TO slowtax_reading;
GRANT SELECT ON slowtax.slow_scripts TO slowtax_reading;
GRANT SELECT ON slowtax.user_timings TO slowtax_reading;
GRANT SELECT ON slowtax.server_timings TO slowtax_reading;
GRANT SELECT ON slowtax.abandonment_by_country TO slowtax_reading;
GRANT SELECT ON slowtax.abandonment_by_page TO slowtax_reading;
GRANT SELECT ON slowtax.frustration_by_page TO slowtax_reading;
GRANT SELECT ON slowtax.errors_by_message TO slowtax_reading;
GRANT SELECT ON slowtax.connections TO slowtax_reading;
GRANT SELECT ON slowtax.beacon_cost TO slowtax_reading;
GRANT SELECT ON slowtax.network_errors TO slowtax_reading;
GRANT SELECT ON slowtax.volume_alarms TO slowtax_reading;
GRANT SELECT ON slowtax.volume_alarms_between TO slowtax_reading;
GRANT SELECT ON slowtax.volume_alarms_by_minute TO slowtax_reading;
GRANT SELECT ON slowtax.page_volume_alarms TO slowtax_reading;
GRANT SELECT ON slowtax.page_volume_alarms_between TO slowtax_reading;
GRANT SELECT ON slowtax.order_alarms TO slowtax_reading;
GRANT SELECT ON slowtax.order_alarms_between TO slowtax_reading;
GRANT SELECT ON slowtax.error_alarms TO slowtax_reading;
GRANT SELECT ON slowtax.error_alarms_between TO slowtax_reading;
GRANT SELECT ON slowtax.speed_alarms TO slowtax_reading;
GRANT SELECT ON slowtax.speed_alarms_between TO slowtax_reading;
GRANT SELECT ON slowtax.speed_drift TO slowtax_reading;
GRANT SELECT ON slowtax.incidents_between TO slowtax_reading;
GRANT SELECT ON slowtax.incident_totals TO slowtax_reading;
GRANT SELECT ON slowtax.alarms_open TO slowtax_reading;
GRANT SELECT ON slowtax.incident_loss TO slowtax_reading;
GRANT SELECT ON slowtax.incident_slowness_loss TO slowtax_reading;
GRANT SELECT ON slowtax.network_alarms TO slowtax_reading;
GRANT SELECT ON slowtax.risks TO slowtax_reading;
GRANT SELECT ON slowtax.change_between TO slowtax_reading;
GRANT SELECT ON slowtax.release_change TO slowtax_reading;
GRANT SELECT ON slowtax.vitals_change TO slowtax_reading;

-- From nowhere, until it is given a password as above.
CREATE USER IF NOT EXISTS slowtax_reader HOST NONE SETTINGS PROFILE 'slowtax_reading';
GRANT slowtax_reading TO slowtax_reader;
