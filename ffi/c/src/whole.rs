//! The whole decision, where the library is built with Cedar.

use jit_access::Error;
use jit_access::model::Timestamp;
use jit_access::service::Engine;

#[cfg(feature = "cedar")]
pub(crate) fn authorize(engine: &Engine, question: &str) -> Result<String, Error> {
    jit_access::internal::wire::authorize(engine, question)
}

#[cfg(feature = "cedar")]
pub(crate) fn set_entities(engine: &Engine, entities: &str, at: Option<Timestamp>) -> Result<(), Error> {
    engine.set_entities(entities, at).map(drop)
}

#[cfg(not(feature = "cedar"))]
pub(crate) fn authorize(_: &Engine, _: &str) -> Result<String, Error> {
    Err(without_cedar("question_json"))
}

#[cfg(not(feature = "cedar"))]
pub(crate) fn set_entities(_: &Engine, _: &str, _: Option<Timestamp>) -> Result<(), Error> {
    Err(without_cedar("entities_json"))
}

#[cfg(not(feature = "cedar"))]
fn without_cedar(field: &'static str) -> Error {
    let problem = "needs Cedar, and this build is one without the feature `cedar`";
    jit_access::model::Invalid::new(field, problem, "a build with that feature").into()
}
