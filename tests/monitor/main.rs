//! Alerts: every planted misuse is found within a second, and what is usual is left alone.
//!
//! A seeded month of ordinary sessions is told through the real engine, hour by hour, with a round of the background work after
//! each step. The seeds that count false alerts were not looked at when the thresholds were chosen.
//!
//! | file | question |
//! |---|---|
//! | `world` | an engine, its clock, and ordinary sessions |
//! | `slow` | a store that takes its time to answer, and counts how often it is asked |
//! | `planted` | is every kind of alert raised within a second of what was planted |
//! | `quiet` | how many alerts are raised where nothing was planted |
//! | `rules` | what does each rule say, and of whom |
//! | `live` | what do those who look on see, and what do they cost |
//! | `handled` | what becomes of an alert: acknowledged, silenced, its grant suspended, written once |

mod handled;
mod live;
mod planted;
mod quiet;
mod rules;
mod slow;
mod world;
