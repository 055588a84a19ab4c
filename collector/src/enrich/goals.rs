//! Goals, with the views that came before them, and errors.

use beacon_format::{Goal, PageError};

use super::Shared;
use super::text::{one_line, without_query};
use crate::store::rows::{GoalRow, PageErrorRow};

pub(super) fn goals(shared: &Shared) -> Vec<GoalRow> {
    shared.beacon.goals.iter().map(|goal| goal_row(shared, goal)).collect()
}

fn goal_row(shared: &Shared, goal: &Goal) -> GoalRow {
    let head = &shared.beacon.head;
    let mut row = GoalRow {
        site: shared.site.key.clone(),
        ts: shared.clock.at(goal.at_ms),
        session_id: head.session_id.0,
        view_id: head.view_id.0,
        weight: head.weight,
        is_simulated: head.simulated,
        is_bot: shared.bot_reason.is_some(),
        name: goal.name.clone().into_owned(),
        is_conversion: *goal.name == *shared.site.conversion_goal,
        value: goal.value,
        country: shared.country.code().to_owned(),
        page_group: shared.page_group.clone(),
        device: shared.user_agent.device,
        release: shared.beacon.context.release.clone().into_owned(),
        experiment_arm: shared.beacon.context.experiment_arm.clone().into_owned(),
        ..GoalRow::default()
    };
    for view in &goal.earlier_views {
        let Some(ts) = shared.clock.earlier(view.started_ms) else {
            shared.metrics.earlier_views_dropped.add(1);
            continue;
        };
        row.earlier_ts.push(ts);
        row.earlier_page_group.push(shared.group(&view.page));
        row.earlier_nav.push(view.nav);
        row.earlier_lcp_ms.push(view.lcp_ms);
    }
    row
}

pub(super) fn errors(shared: &Shared) -> Vec<PageErrorRow> {
    shared.beacon.errors.iter().map(|error| error_row(shared, error)).collect()
}

fn error_row(shared: &Shared, error: &PageError) -> PageErrorRow {
    let head = &shared.beacon.head;
    PageErrorRow {
        site: shared.site.key.clone(),
        ts: shared.clock.at(error.at_ms),
        session_id: head.session_id.0,
        view_id: head.view_id.0,
        weight: head.weight,
        is_simulated: head.simulated,
        is_bot: shared.bot_reason.is_some(),
        country: shared.country.code().to_owned(),
        page_group: shared.page_group.clone(),
        device: shared.user_agent.device,
        browser: shared.user_agent.browser.clone(),
        release: shared.beacon.context.release.clone().into_owned(),
        kind: error.kind,
        message: one_line(&error.message),
        source: without_query(&error.source).to_owned(),
        line: error.line,
        column: error.column,
        count: error.count,
        counted: error.counted,
    }
}
