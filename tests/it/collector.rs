//! The real `slowtax`, from outside.

mod beacons;
mod outage;
mod pages;
mod rows;
mod sample;
mod start;
