//! The real `slowtax`, from outside.

mod beacons;
mod geo;
mod killed;
mod migrations;
mod outage;
mod pages;
mod rows;
mod sample;
mod start;
