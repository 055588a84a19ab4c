//! The real `slowtax`, from outside.

mod audit;
mod beacons;
mod disk;
mod faults;
mod geo;
mod hostile;
mod killed;
mod migrations;
mod outage;
mod pages;
mod rows;
mod sample;
mod shed;
mod start;
