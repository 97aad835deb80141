//! One connection, and how something is asked over it.
//!
//! Each connection has a small runtime of its own, which runs on the thread of whoever asks and only while it asks: there is
//! no thread that a fork could lose. Every answer is waited for with a limit, because a network that swallows packets
//! tells nobody.
//!
//! Every query goes out with the types of its parameters and without a name, and nothing is set for longer than a
//! transaction. So a proxy that gives each transaction another connection, such as PgBouncer, changes nothing.

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Row, SimpleQueryMessage, SimpleQueryRow};
use uuid::Uuid;

use super::error::Fault;
use super::tls;
use super::url::PostgresUrl;

/// How long a server is given to notice that a connection closes.
const FAREWELL: Duration = Duration::from_millis(200);

/// A connection, and since when it is trusted.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) link: Link,
    pub(super) generation: u64,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    /// Both are there until it is dropped.
    client: Option<Client>,
    runtime: Option<Runtime>,
    driver: Option<JoinHandle<()>>,
    /// Notified when the server tells of a `NOTIFY`, and when the connection ends.
    heard: Arc<Notify>,
    process: u32,
}

/// A parameter of a query: a value that knows its type.
pub(super) trait Param: Sync + Send {
    fn kind(&self) -> Type;
    fn value(&self) -> &(dyn ToSql + Sync);
}

macro_rules! params {
    ($($rust:ty => $kind:ident,)*) => {
        $(impl Param for $rust {
            fn kind(&self) -> Type {
                Type::$kind
            }

            fn value(&self) -> &(dyn ToSql + Sync) {
                self
            }
        })*
    };
}

params! {
    bool => BOOL,
    i64 => INT8,
    Option<i64> => INT8,
    &str => TEXT,
    String => TEXT,
    Cow<'_, str> => TEXT,
    &String => TEXT,
    Option<&str> => TEXT,
    Option<&String> => TEXT,
    Option<String> => TEXT,
    Uuid => UUID,
    Option<Uuid> => UUID,
    &[u8] => BYTEA,
    Vec<bool> => BOOL_ARRAY,
    Vec<i64> => INT8_ARRAY,
    Vec<&str> => TEXT_ARRAY,
    Vec<String> => TEXT_ARRAY,
    Vec<Vec<u8>> => BYTEA_ARRAY,
    Vec<Uuid> => UUID_ARRAY,
}

/// One statement of several that go out together.
pub(super) struct Statement<'a> {
    pub(super) sql: &'a str,
    pub(super) params: Vec<Box<dyn Param + 'a>>,
}

/// A query as it goes out: its parameters are bytes already, so that the same one is known again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    sql: String,
    params: Vec<Encoded>,
}

/// A parameter as the server takes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Encoded {
    kind: Type,
    bytes: Option<Vec<u8>>,
}

impl Asked {
    pub(super) fn new(sql: &str, params: &[&dyn Param]) -> Result<Self, Fault> {
        let unfit = |error| Fault::corrupt(format!("a parameter cannot be sent: {error}"));
        let encoded = params.iter().map(|param| {
            let (kind, mut bytes) = (param.kind(), BytesMut::new());
            let is_null = matches!(param.value().to_sql_checked(&kind, &mut bytes).map_err(unfit)?, IsNull::Yes);
            Ok(Encoded { kind, bytes: (!is_null).then(|| bytes.to_vec()) })
        });
        Ok(Self { sql: sql.to_owned(), params: encoded.collect::<Result<_, Fault>>()? })
    }

    fn typed(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.params.iter().map(|param| (param as &(dyn ToSql + Sync), param.kind.clone())).collect()
    }
}

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What one of several that go out together is answered.
enum Answer {
    Told(Vec<SimpleQueryMessage>),
    Rows(Vec<Row>),
    Count(u64),
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Answer, tokio_postgres::Error>> + Send + 'a>>;

/// Sends all of these at once and waits until each is answered.
fn together(
    runtime: &Runtime,
    limit: Duration,
    all: Vec<Sent<'_>>,
) -> Result<Vec<Result<Answer, tokio_postgres::Error>>, Fault> {
    let mut running: Vec<_> = all.into_iter().map(|one| (one, None)).collect();
    let answers = poll_fn(move |context| {
        let mut is_waiting = false;
        // In order, because the first look at each is what sends it.
        for (one, answer) in &mut running {
            if answer.is_none() {
                match one.as_mut().poll(context) {
                    Poll::Ready(done) => *answer = Some(done),
                    Poll::Pending => is_waiting = true,
                }
            }
        }
        if is_waiting { Poll::Pending } else { Poll::Ready(std::mem::take(&mut running)) }
    });
    let answers = block(runtime, limit, async { Ok::<_, Fault>(answers.await) })?;
    Ok(answers.into_iter().filter_map(|(_, answer)| answer).collect())
}

fn rows_of(messages: Vec<SimpleQueryMessage>) -> Vec<SimpleQueryRow> {
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.collect()
}

impl Link {
    /// Connects, within `limit`.
    pub(super) fn open(url: &PostgresUrl, limit: Duration) -> Result<Self, Fault> {
        let unreachable = |error: std::io::Error| Fault::Unreachable(Box::new(error));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(unreachable)?;
        let heard = Arc::new(Notify::new());
        let connecting = async {
            let heard = Arc::clone(&heard);
            let (client, driver): (_, Pin<Box<dyn Future<Output = ()> + Send>>) = match &url.tls {
                None => {
                    let (client, connection) = url.config.connect(NoTls).await?;
                    (client, Box::pin(drive(connection, heard)))
                }
                Some(trust) => {
                    let (client, connection) = url.config.connect(tls::connector(trust)?).await?;
                    (client, Box::pin(drive(connection, heard)))
                }
            };
            Ok((client, tokio::spawn(driver)))
        };
        let connected = block(&runtime, limit, connecting);
        match connected {
            Ok((client, driver)) => Ok(Self {
                client: Some(client),
                runtime: Some(runtime),
                driver: Some(driver),
                heard,
                process: std::process::id(),
            }),
            Err(fault) => {
                // Dropping it waits for names that are being looked up.
                runtime.shutdown_background();
                Err(match fault {
                    Fault::Sql(error) if error.as_db_error().is_none() => Fault::Unreachable(Box::new(error)),
                    other => other,
                })
            }
        }
    }

    /// Runs statements without parameters, one after the other; answers the rows of all of them, as text.
    pub(super) fn simple(&self, sql: &str, limit: Duration) -> Result<Vec<SimpleQueryRow>, Fault> {
        let (client, runtime) = self.parts()?;
        Ok(rows_of(block(runtime, limit, async { Ok(client.simple_query(sql).await?) })?))
    }

    /// Sends statements without parameters and does not wait for what they answer, which nobody hears.
    pub(super) fn tell(&self, sql: &str) -> Result<(), Fault> {
        let (client, runtime) = self.parts()?;
        let mut telling = Box::pin(client.simple_query(sql));
        block(runtime, FAREWELL, async {
            // The first look sends it to what drives the connection, which then takes its turn.
            poll_fn(|context| {
                let _ = telling.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
            tokio::task::yield_now().await;
            Ok(())
        })
    }

    /// The rows that a query answers.
    pub(super) fn query(&self, sql: &str, params: &[&dyn Param], limit: Duration) -> Result<Vec<Row>, Fault> {
        let (client, runtime) = self.parts()?;
        let typed: Vec<_> = params.iter().map(|param| (param.value(), param.kind())).collect();
        block(runtime, limit, async { Ok(client.query_typed(sql, &typed).await?) })
    }

    /// Sends `first`, statements without parameters, and all of these queries at once; answers the rows of each. The server
    /// takes them in order, and after one that fails none of a transaction.
    pub(super) fn query_all(
        &self,
        first: Option<&str>,
        asked: &[Asked],
        limit: Duration,
    ) -> Result<(Vec<SimpleQueryRow>, Vec<Vec<Row>>), Fault> {
        let (client, runtime) = self.parts()?;
        let typed: Vec<Vec<_>> = asked.iter().map(Asked::typed).collect();
        let mut all: Vec<Sent<'_>> = Vec::with_capacity(asked.len() + 1);
        if let Some(sql) = first {
            all.push(Box::pin(async { client.simple_query(sql).await.map(Answer::Told) }));
        }
        for (one, params) in asked.iter().zip(&typed) {
            all.push(Box::pin(async { client.query_typed(&one.sql, params).await.map(Answer::Rows) }));
        }
        let (mut told, mut rows) = (Vec::new(), Vec::with_capacity(asked.len()));
        for answer in together(runtime, limit, all)? {
            match answer? {
                Answer::Told(messages) => told = rows_of(messages),
                Answer::Rows(found) => rows.push(found),
                Answer::Count(_) => {}
            }
        }
        Ok((told, rows))
    }

    /// Sends all of these at once, and `last`, statements without parameters, after them; answers how many rows each has changed,
    /// or which was the first that failed. The server takes them in order, and after one that fails none of a transaction.
    pub(super) fn execute_all(
        &self,
        statements: &[Statement<'_>],
        last: Option<&str>,
        limit: Duration,
    ) -> Result<Vec<u64>, (usize, Fault)> {
        let (client, runtime) = self.parts().map_err(|fault| (0, fault))?;
        let typed: Vec<Vec<_>> = statements
            .iter()
            .map(|one| one.params.iter().map(|param| (param.value(), param.kind())).collect())
            .collect();
        let mut all: Vec<Sent<'_>> = Vec::with_capacity(statements.len() + 1);
        for (one, params) in statements.iter().zip(&typed) {
            all.push(Box::pin(async { client.execute_typed(one.sql, params).await.map(Answer::Count) }));
        }
        if let Some(sql) = last {
            all.push(Box::pin(async { client.simple_query(sql).await.map(Answer::Told) }));
        }
        let answers = together(runtime, limit, all).map_err(|fault| (0, fault))?;
        let mut counts = Vec::with_capacity(answers.len());
        for (nth, answer) in answers.into_iter().enumerate() {
            match answer.map_err(|error| (nth, error.into()))? {
                Answer::Count(count) => counts.push(count),
                Answer::Told(_) | Answer::Rows(_) => {}
            }
        }
        Ok(counts)
    }

    /// Waits until the server tells of a `NOTIFY`, at most so long; whether it did. What it has told since the last call counts.
    pub(super) fn hear(&self, limit: Duration) -> Result<bool, Fault> {
        let (client, runtime) = self.parts()?;
        let hearing = async { Ok(tokio::time::timeout(limit, self.heard.notified()).await.is_ok()) };
        let heard = block(runtime, limit + FAREWELL, hearing)?;
        if client.is_closed() {
            return Err(Fault::Unreachable("the connection that hears of changes has ended".into()));
        }
        Ok(heard)
    }

    fn parts(&self) -> Result<(&Client, &Runtime), Fault> {
        self.client.as_ref().zip(self.runtime.as_ref()).ok_or_else(|| Fault::Unreachable("it is closed".into()))
    }
}

impl Drop for Link {
    /// In a child of the process that opened it, it is leaked: a farewell would end the connection of the parent.
    fn drop(&mut self) {
        let (client, runtime, driver) = (self.client.take(), self.runtime.take(), self.driver.take());
        if self.process != std::process::id() {
            std::mem::forget((client, runtime, driver));
            return;
        }
        // The last handle is what ends the connection in good order.
        drop(client);
        if let (Some(runtime), Some(driver)) = (runtime, driver) {
            let _ = block(&runtime, FAREWELL, async {
                let _ = driver.await;
                Ok(())
            });
            runtime.shutdown_background();
        }
    }
}

/// Keeps a connection going until it ends. What it fails with, whoever asks next is told.
async fn drive<S, T>(mut connection: Connection<S, T>, heard: Arc<Notify>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if matches!(message, AsyncMessage::Notification(_)) {
            heard.notify_one();
        }
    }
    heard.notify_one();
}

/// Waits for the answer, no longer than the limit. A thread that drives another runtime already may not drive this one, so
/// there a thread of its own does.
fn block<T: Send>(
    runtime: &Runtime,
    limit: Duration,
    asked: impl Future<Output = Result<T, Fault>> + Send,
) -> Result<T, Fault> {
    let limited = async { tokio::time::timeout(limit, asked).await.unwrap_or(Err(Fault::Silent(limit))) };
    if Handle::try_current().is_err() {
        return runtime.block_on(limited);
    }
    std::thread::scope(|scope| {
        let helper = std::thread::Builder::new().name("jit-postgres".to_owned());
        let helper = helper
            .spawn_scoped(scope, || runtime.block_on(limited))
            .map_err(|error| Fault::Unreachable(Box::new(error)))?;
        helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
