//! Is everything that was answered for in the journal exactly once, whatever happens in which order?

use std::collections::BTreeMap;

use fastrand::Rng;
use jit_access::command::Release;
use jit_access::model::*;
use jit_access::service::Engine;
use jit_access::store::{Reads, RecordQuery, Store};

use super::{World, sre, take, used};

fn number(name: &str, or: u64) -> u64 {
    std::env::var(name).map_or(or, |text| text.parse().unwrap())
}

/// Two processes of one machine. Every choice comes from the seed.
struct Story {
    world: World,
    dice: Rng,
    processes: Vec<Engine>,
    /// What was answered for: grants, and the things that were used under names of their own.
    taken: Vec<(String, GrantId)>,
    used: Vec<String>,
    ended: Vec<GrantId>,
    persons: u32,
}

impl Story {
    fn step(&mut self) {
        let which = self.dice.usize(..self.processes.len());
        match self.dice.u32(..100) {
            0..20 => self.world.clock.advance(self.dice.i64(1..4_000)),
            20..38 => drop(self.processes[which].reconciler().tick()),
            38..50 => {
                self.persons += 1;
                let name = format!("p{}", self.persons);
                if let Ok(receipt) = self.processes[which].workflow().execute(&sre(&name), take(), None) {
                    self.taken.push((name, receipt.grant.unwrap().id));
                }
            }
            50..75 => {
                let Some((name, _)) = self.dice.choice(&self.taken).cloned() else { return };
                let resource = format!("tool:u-{}", self.used.len() + 1_000 * self.dice.usize(1..1_000_000));
                if used(&self.processes[which], &name, &resource).outcome == Outcome::Allow {
                    self.used.push(resource);
                }
            }
            75..80 => {
                let Some((name, grant)) = self.dice.choice(&self.taken).cloned() else { return };
                if self.processes[which].workflow().execute(&sre(&name), Release::new(grant), None).is_ok() {
                    self.ended.push(grant);
                }
            }
            80..90 => self.world.line.cut(self.dice.bool()),
            90..95 => self.world.line.lose(self.dice.u32(..3)),
            _ => {
                // A process dies; where the store is there, another one takes its place.
                if let Ok(engine) = super::open(&self.world.config, &self.world.line, &self.world.clock) {
                    self.processes[which] = engine;
                }
            }
        }
    }

    fn end(&mut self, seed: u64) {
        self.world.line.cut(false);
        self.world.line.lose(0);
        for _ in 0..3 {
            self.world.clock.advance(2_000);
            for engine in &self.processes {
                engine.reconciler().tick().unwrap();
            }
        }
        let records = self.world.journal.records(&RecordQuery::after(Revision::ZERO, 100_000)).unwrap().1;
        let (mut created, mut uses, mut ended) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for record in &records {
            match &record.event.fact {
                Fact::GrantCreated(grant) => *created.entry(grant.id).or_insert(0) += 1,
                Fact::GrantUsed { resource, .. } => *uses.entry(resource.to_string()).or_insert(0) += 1,
                Fact::GrantReleased { grant } => *ended.entry(*grant).or_insert(0) += 1,
                _ => {}
            }
        }
        for (name, grant) in &self.taken {
            assert_eq!(created.get(grant), Some(&1), "seed {seed}: the grant {grant} of {name}");
        }
        for resource in &self.used {
            assert_eq!(uses.get(resource), Some(&1), "seed {seed}: the use of {resource}");
        }
        assert!(created.values().chain(uses.values()).chain(ended.values()).all(|count| *count == 1), "seed {seed}");
        for grant in &self.ended {
            let stored = jit_access::store::Reads::grant(&*self.world.journal, *grant).unwrap().grant.unwrap();
            assert!(!stored.status(self.world.engine.now()).is_live(), "seed {seed}: {grant} was given back");
        }
        assert!(!self.world.spool().exists(), "seed {seed}");
        self.world.journal.verify().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[test]
fn everything_that_was_answered_for_is_merged_exactly_once() {
    let (first, seeds) = (number("OFFLINE_SEED", 1), number("OFFLINE_SEEDS", 60));
    let (mut taken, mut uses) = (0, 0);
    for seed in first..first + seeds {
        let world = World::new();
        let processes = vec![world.engine.clone(), world.process()];
        let dice = Rng::with_seed(seed);
        let (taken_now, used_now, ended) = (Vec::new(), Vec::new(), Vec::new());
        let mut story = Story { world, dice, processes, taken: taken_now, used: used_now, ended, persons: 0 };
        for _ in 0..150 {
            story.step();
        }
        story.end(seed);
        (taken, uses) = (taken + story.taken.len(), uses + story.used.len());
    }
    println!("{seeds} stories: {taken} grants and {uses} uses, each on record once");
    assert!(taken as u64 > seeds && uses as u64 > seeds, "{taken} grants, {uses} uses");
}
