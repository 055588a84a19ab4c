//! The commands behind `cargo xtask`: install what is missing, build, run, test, measure. `cargo xtask --help` says it all.

mod assets;
mod beacon;
mod bench;
mod build;
mod check;
mod cli;
mod command;
mod config;
mod fuzz;
mod install;
mod output;
mod report;
mod run;
mod service;
mod stamp;
mod steps;
mod wasm;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::Call;
use crate::command::Stop;
use crate::output::say;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os().skip(1)).and_then(carry_out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(call: Call) -> Result<()> {
    let workspace = Workspace::locate(Stop::on_signals()?)?;
    match call {
        Call::Help => {
            say(cli::HELP);
            Ok(())
        }
        Call::Build { only } => build::build(&workspace, only.as_deref()),
        Call::Bench { name, write } => bench::bench(&workspace, name.as_deref(), write),
        Call::Run(options) => run::run(&workspace, &options),
        Call::Test { filter } => check::test(&workspace, filter.as_deref()),
        Call::Fuzz { target, seconds } => fuzz::fuzz(&workspace, target.as_deref(), seconds),
        Call::Deny => check::deny(&workspace),
    }
}
