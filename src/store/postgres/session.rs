//! What can be asked in one transaction.

use std::cell::Cell;
use std::time::Duration;

use tokio_postgres::Row;

use super::error::Fault;
use super::link::{Link, Param, Statement};
use crate::store::Head;

/// A transaction.
pub(super) struct Session<'a> {
    link: &'a Link,
    limit: Duration,
    /// The end of the journal when it began; in a commit, nobody else moves it until the transaction ends.
    pub(super) head: Head,
    /// Whether others want to hear of it at once: it changes more than how often grants were used.
    pub(super) has_news: Cell<bool>,
}

impl<'a> Session<'a> {
    /// A transaction over this connection; each answer comes within `limit`, or never.
    pub(super) const fn new(link: &'a Link, limit: Duration, head: Head) -> Self {
        Self { link, limit, head, has_news: Cell::new(false) }
    }

    pub(super) fn query(&self, sql: &str, params: &[&dyn Param]) -> Result<Vec<Row>, Fault> {
        self.link.query(sql, params, self.limit)
    }

    /// The first row, if there is one.
    pub(super) fn first(&self, sql: &str, params: &[&dyn Param]) -> Result<Option<Row>, Fault> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// The number in the only row and column.
    pub(super) fn number(&self, sql: &str, params: &[&dyn Param]) -> Result<i64, Fault> {
        let row = self.first(sql, params)?.ok_or_else(|| Fault::corrupt("a count came without a row"))?;
        Ok(row.try_get(0)?)
    }

    /// How many rows the statement has changed.
    pub(super) fn execute(&self, sql: &str, params: Vec<Box<dyn Param + '_>>) -> Result<u64, Fault> {
        Ok(self.execute_all(&[Statement { sql, params }])?.into_iter().sum())
    }

    pub(super) fn execute_all(&self, statements: &[Statement<'_>]) -> Result<Vec<u64>, Fault> {
        self.link.execute_all(statements, self.limit)
    }
}
