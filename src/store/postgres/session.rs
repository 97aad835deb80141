//! What can be asked in one transaction.
//!
//! A transaction begins with the first thing that is asked in it, and both go out together. So do queries that do not depend on
//! each other ([`Session::gathered`]), and the last statements with the end: what is waited for most is the network.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use tokio_postgres::Row;

use super::error::Fault;
use super::link::{Asked, Made, Param, Statement};
use crate::model::Revision;
use crate::store::Head;

/// Begins a transaction and asks these in it: the connection, the head that it sees, and the rows of each.
pub(super) type Begin<'a> = dyn Fn(&[Asked]) -> Result<(Made, Head, Vec<Vec<Row>>), Fault> + 'a;

/// A transaction.
pub(super) struct Session<'a> {
    begin: Box<Begin<'a>>,
    begun: OnceCell<(Made, Head)>,
    limit: Duration,
    /// What a transaction ends with of which others want to hear.
    told: &'a str,
    /// What was answered while reads are gathered. In a commit nobody else changes any of it until it ends.
    known: RefCell<HashMap<Asked, Vec<Row>>>,
    /// What was asked since, and is not known.
    missing: RefCell<Vec<Asked>>,
    is_gathering: Cell<bool>,
    /// Whether others want to hear of it at once: it changes more than how often grants were used.
    pub(super) has_news: Cell<bool>,
    /// Whether anything was executed in it.
    has_written: Cell<bool>,
    /// How the last statements ended that went out together with the end of the transaction.
    pub(super) ended: RefCell<Option<Result<(), Fault>>>,
}

impl<'a> Session<'a> {
    /// A transaction; each answer comes within `limit`, or never.
    pub(super) fn new(limit: Duration, told: &'a str, begin: Box<Begin<'a>>) -> Self {
        Self {
            begin,
            begun: OnceCell::new(),
            limit,
            told,
            known: RefCell::default(),
            missing: RefCell::default(),
            is_gathering: Cell::new(false),
            has_news: Cell::new(false),
            has_written: Cell::new(false),
            ended: RefCell::new(None),
        }
    }

    /// What is asked outside of any transaction, under this head.
    pub(super) fn over(made: Made, head: Head, limit: Duration) -> Self {
        let session = Self::new(limit, "COMMIT", Box::new(|_| Err(Fault::Unreachable("it has begun".into()))));
        let _ = session.begun.set((made, head));
        session
    }

    /// The end of the journal when it began; in a commit, nobody else moves it until the transaction ends.
    pub(super) fn head(&self) -> Result<Head, Fault> {
        self.begun(Vec::new()).map(|(_, head)| *head)
    }

    /// The revision of the head. While reads are gathered it may be known only with them.
    pub(super) fn revision(&self) -> Result<Revision, Fault> {
        match self.begun.get() {
            None if self.is_gathering.get() => Ok(Revision::ZERO),
            _ => Ok(self.head()?.revision),
        }
    }

    /// The connection, if it has begun.
    pub(super) fn into_made(self) -> Option<Made> {
        self.begun.into_inner().map(|(made, _)| made)
    }

    /// What `work` makes of what it asks. It is called again and again until all that it asks is known, and each time what was
    /// new goes out at once: until then, it reads that there is nothing. It changes nothing.
    pub(super) fn gathered<T>(&self, work: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
        loop {
            let was_begun = self.begun.get().is_some();
            let outer = self.is_gathering.replace(true);
            let done = work();
            self.is_gathering.set(outer);
            let missing = self.missing.take();
            if missing.is_empty() && was_begun {
                return done;
            }
            self.begun(missing)?;
        }
    }

    /// Asks these, and begins the transaction if it has not begun.
    fn begun(&self, asked: Vec<Asked>) -> Result<&(Made, Head), Fault> {
        let rows = match self.begun.get() {
            Some(_) if asked.is_empty() => Vec::new(),
            Some((made, _)) => made.link.query_all(None, &asked, self.limit)?.1,
            None => {
                let (made, head, rows) = (self.begin)(&asked)?;
                let _ = self.begun.set((made, head));
                rows
            }
        };
        self.known.borrow_mut().extend(asked.into_iter().zip(rows));
        self.begun.get().ok_or_else(|| Fault::Unreachable("it has not begun".into()))
    }

    pub(super) fn query(&self, sql: &str, params: &[&dyn Param]) -> Result<Vec<Row>, Fault> {
        match self.begun.get() {
            Some((made, _)) if !self.is_gathering.get() => return made.link.query(sql, params, self.limit),
            _ => {}
        }
        let asked = Asked::new(sql, params)?;
        if !self.is_gathering.get() {
            self.begun(vec![asked.clone()])?;
            return Ok(self.known.borrow_mut().remove(&asked).unwrap_or_default());
        }
        if let Some(rows) = self.known.borrow().get(&asked) {
            return Ok(rows.clone());
        }
        let mut missing = self.missing.borrow_mut();
        if !missing.contains(&asked) {
            missing.push(asked);
        }
        Ok(Vec::new())
    }

    /// The first row, if there is one.
    pub(super) fn first(&self, sql: &str, params: &[&dyn Param]) -> Result<Option<Row>, Fault> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// The number in the only row and column.
    pub(super) fn number(&self, sql: &str, params: &[&dyn Param]) -> Result<i64, Fault> {
        match self.first(sql, params)? {
            Some(row) => Ok(row.try_get(0)?),
            None if !self.missing.borrow().is_empty() => Ok(0),
            None => Err(Fault::corrupt("a count came without a row")),
        }
    }

    /// How many rows the statement has changed.
    pub(super) fn execute(&self, sql: &str, params: Vec<Box<dyn Param + '_>>) -> Result<u64, Fault> {
        Ok(self.execute_all(&[Statement { sql, params }])?.into_iter().sum())
    }

    /// How many rows each of these has changed.
    pub(super) fn execute_all(&self, statements: &[Statement<'_>]) -> Result<Vec<u64>, Fault> {
        self.try_all(statements).map_err(|(_, fault)| fault)
    }

    /// The same, or which was the first that failed.
    pub(super) fn try_all(&self, statements: &[Statement<'_>]) -> Result<Vec<u64>, (usize, Fault)> {
        self.known.take();
        self.has_written.set(true);
        let (made, _) = self.begun(Vec::new()).map_err(|fault| (0, fault))?;
        made.link.execute_all(statements, None, self.limit)
    }

    /// The words by which it ends well. One that has only locked the head would wait for the disk to say so.
    pub(super) fn end(&self) -> &'a str {
        match (self.has_written.get(), self.has_news.get()) {
            (false, _) => "ROLLBACK",
            (true, true) => self.told,
            (true, false) => "COMMIT",
        }
    }

    /// Executes these and commits the transaction at once. `failed` says what it means that one of them failed. Should the
    /// connection be lost over it, that is in [`Session::ended`]: it may have been committed.
    pub(super) fn finish(
        &self,
        statements: &[Statement<'_>],
        failed: impl Fn(usize, Fault) -> Fault,
    ) -> Result<(), Fault> {
        self.has_written.set(true);
        let (made, _) = self.begun(Vec::new())?;
        match made.link.execute_all(statements, Some(self.end()), self.limit) {
            Err((_, fault)) if fault.poisons() => *self.ended.borrow_mut() = Some(Err(fault)),
            Err((nth, fault)) => return Err(failed(nth, fault)),
            Ok(_) => *self.ended.borrow_mut() = Some(Ok(())),
        }
        Ok(())
    }
}
