//! What people change: what they say of incidents, and silences. Each change is the whole row anew with a higher version, the last of which counts.
//!
//! Nothing here keeps two changes at once apart: whoever reads, changes and writes sees to that.

use std::time::Duration;

use clickhouse::{Row, RowOwned, RowRead, RowWrite};
use serde::{Deserialize, Serialize};

use super::{INSERT_SETTINGS, Store, StoreError, within};

/// Longest wait for one statement: somebody waits for the answer.
const CHANGE_TIME_MAX: Duration = Duration::from_secs(15);

/// When an incident was what. Times are Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Deserialize)]
pub struct IncidentTimes {
    /// When it began.
    pub started_at: u32,
    /// When the first alarm fired.
    pub detected_at: u32,
    /// When it was over; none while it is open.
    pub resolved_at: Option<u32>,
}

/// A row of `incident_edits`. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct IncidentEdit {
    /// Site key.
    pub site: String,
    /// The incident.
    pub incident_id: String,
    /// When somebody took it on.
    pub acknowledged_at: Option<u32>,
    /// When somebody had stopped the harm.
    pub mitigated_at: Option<u32>,
    /// Its cause, as people class causes.
    pub cause: String,
    /// What else there is to say.
    pub notes: String,
    /// Who made the last edit; empty: unknown.
    pub edited_by: String,
    /// Unix milliseconds of the edit; 0 before the first.
    pub version: u64,
}

/// A row of `silences`. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct Silence {
    /// Site key.
    pub site: String,
    /// Its identifier, unique in its site.
    pub silence_id: String,
    /// Rule; empty: any.
    pub rule: String,
    /// Country; empty: any.
    pub country: String,
    /// Page group; empty: any.
    pub page_group: String,
    /// When it begins.
    pub from_at: u32,
    /// When it ends.
    pub until_at: u32,
    /// Why.
    pub reason: String,
    /// Who made it; empty: unknown.
    pub made_by: String,
    /// Unix milliseconds of this row.
    pub version: u64,
}

impl Store {
    /// An incident of a site; `None` where there is none of that identifier.
    pub async fn incident(&self, site: &str, id: &str) -> Result<Option<IncidentTimes>, StoreError> {
        let sql = "SELECT started_at, detected_at, resolved_at FROM incidents FINAL \
                   WHERE site = {site:String} AND incident_id = {id:String} ORDER BY version DESC LIMIT 1";
        self.find(sql, site, id).await
    }

    /// What people have said of an incident, if anybody has.
    pub async fn incident_edit(&self, site: &str, id: &str) -> Result<Option<IncidentEdit>, StoreError> {
        let sql = "SELECT site, incident_id, acknowledged_at, mitigated_at, cause, notes, edited_by, version \
                   FROM incident_edits FINAL WHERE site = {site:String} AND incident_id = {id:String} LIMIT 1";
        self.find(sql, site, id).await
    }

    /// Stores what people say of an incident.
    pub async fn write_incident_edit(&self, edit: &IncidentEdit) -> Result<(), StoreError> {
        self.write_one("incident_edits", edit).await
    }

    /// A silence of a site; `None` where there is none of that identifier.
    pub async fn silence(&self, site: &str, id: &str) -> Result<Option<Silence>, StoreError> {
        let sql = "SELECT site, silence_id, rule, country, page_group, from_at, until_at, reason, made_by, version \
                   FROM silences FINAL WHERE site = {site:String} AND silence_id = {id:String} LIMIT 1";
        self.find(sql, site, id).await
    }

    /// How many silences of a site end after `now`, Unix seconds.
    pub async fn silences_that_hold(&self, site: &str, now: u32) -> Result<u64, StoreError> {
        let sql = "SELECT count() FROM silences FINAL WHERE site = {site:String} AND until_at > toDateTime({now:UInt32}, 'UTC')";
        let query = self.client.query_raw(sql).param("site", site).param("now", now);
        within(CHANGE_TIME_MAX, query.fetch_one::<u64>()).await
    }

    /// Stores a silence.
    pub async fn write_silence(&self, silence: &Silence) -> Result<(), StoreError> {
        self.write_one("silences", silence).await
    }

    async fn find<T: RowOwned + RowRead>(&self, sql: &str, site: &str, id: &str) -> Result<Option<T>, StoreError> {
        let query = self.client.query_raw(sql).param("site", site).param("id", id);
        within(CHANGE_TIME_MAX, query.fetch_optional::<T>()).await
    }

    async fn write_one<T>(&self, table: &str, row: &T) -> Result<(), StoreError>
    where
        T: RowOwned + RowWrite + for<'a> Row<Value<'a> = T>,
    {
        let write = async {
            let mut insert = self.client.insert::<T>(table).await?;
            for (setting, value) in INSERT_SETTINGS {
                insert = insert.with_setting(setting, value);
            }
            insert.write(row).await?;
            insert.end().await
        };
        within(CHANGE_TIME_MAX, write).await
    }
}
