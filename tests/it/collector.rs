//! The real `slowtax`, from outside.

mod audit;
mod beacons;
mod disk;
mod faults;
mod forget;
mod fresh;
mod geo;
mod hostile;
mod killed;
mod migrations;
mod outage;
mod pages;
mod retention;
mod rows;
mod sample;
mod shed;
mod start;
mod tokens;
