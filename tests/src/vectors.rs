//! The vectors of `tests/vectors`: cubes and goals with the figures that must come out of them.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::Context;
use serde_json::Value;
use time::macros::format_description;
use time::{Date, Duration};

use crate::loss_reference::{CubeRow, GoalRow};

/// One vector.
#[derive(Clone, Debug)]
pub struct Vector {
    /// The cube, of one site.
    pub cube: Vec<CubeRow>,
    /// The orders by country, of the whole window.
    pub goals: Vec<GoalRow>,
    /// The figures, as the reference implementation wrote them.
    pub expected: Value,
}

impl Vector {
    /// Reads `name_cube.csv`, `name_goals.csv` and `name_expected.json`.
    pub fn read(name: &str) -> anyhow::Result<Self> {
        Ok(Self {
            cube: table(&format!("{name}_cube.csv"), cube_row)?,
            goals: table(&format!("{name}_goals.csv"), goal_row)?,
            expected: serde_json::from_str(&text(&format!("{name}_expected.json"))?)?,
        })
    }

    /// Moves all days so that the first is `first`: the figures depend on which days differ, not on when they were, and rows that are too
    /// old are dropped by the tables.
    pub fn move_to(&mut self, first: Date) {
        let moved_by = self.cube.iter().map(|row| row.day).min().map_or(Duration::ZERO, |day| first - day);
        for row in &mut self.cube {
            row.day += moved_by;
        }
    }
}

fn text(file: &str) -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file);
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The lines after the first, each by `row`.
fn table<T>(file: &str, row: impl Fn(&[&str]) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    let lines = text(file)?;
    let rows = lines.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        row(&fields).with_context(|| format!("{file}: {line}"))
    });
    rows.collect()
}

fn cube_row(fields: &[&str]) -> anyhow::Result<CubeRow> {
    let &[hour, country, page_group, device, nav, bucket, n, k, t_ms] = fields else {
        anyhow::bail!("not 9 fields");
    };
    let (day, _) = hour.split_at_checked(10).context("no day")?;
    Ok(CubeRow {
        day: Date::parse(day, format_description!("[year]-[month]-[day]"))?,
        country: country.to_owned(),
        page_group: page_group.to_owned(),
        device: device.to_owned(),
        nav: nav.to_owned(),
        bucket: u8::from_str(bucket)?,
        n: i64::from_str(n)?,
        k: i64::from_str(k)?,
        t_ms: i64::from_str(t_ms)?,
    })
}

fn goal_row(fields: &[&str]) -> anyhow::Result<GoalRow> {
    let &[country, orders, revenue] = fields else {
        anyhow::bail!("not 3 fields");
    };
    Ok(GoalRow { country: country.to_owned(), orders: i64::from_str(orders)?, revenue: f64::from_str(revenue)? })
}
