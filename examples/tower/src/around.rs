//! What both layers have in common: a service that stands around another one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use tower::{Layer, Service};

/// A response to come.
pub(crate) type Answer<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

/// A service that can be called again, as those of axum can.
pub(crate) trait Inner:
    Service<Request<Body>, Response = Response, Error: Send + 'static, Future: Send> + Clone + Send + 'static
{
}

impl<S> Inner for S where
    S: Service<Request<Body>, Response = Response, Error: Send + 'static, Future: Send> + Clone + Send + 'static
{
}

/// What is done with a request before, or instead of, the service that it is for.
pub(crate) trait Around: Clone {
    fn around<S: Inner>(&self, request: Request<Body>, inner: S) -> Answer<S::Error>;
}

/// That, as a tower layer, and as the service that the layer makes.
#[derive(Clone)]
pub(crate) struct Layered<A, S = ()>(pub(crate) A, S);

impl<A> Layered<A> {
    pub(crate) const fn new(around: A) -> Self {
        Self(around, ())
    }
}

impl<A: Around, S> Layer<S> for Layered<A> {
    type Service = Layered<A, S>;

    fn layer(&self, inner: S) -> Layered<A, S> {
        Layered(self.0.clone(), inner)
    }
}

impl<A: Around, S: Inner> Service<Request<Body>> for Layered<A, S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.1.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone is made ready anew by whoever calls it.
        self.0.around(request, self.1.clone())
    }
}
