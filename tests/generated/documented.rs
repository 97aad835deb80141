//! Everything that faces show has words.

use jit_access::command::catalogue;
use jit_access::internal::wire::documents;
use jit_access::model::{DelegationStatus, GrantStatus, RequestStatus};

/// A list of names in a document is the list of the model.
#[test]
fn the_statuses_of_documents_are_those_of_the_model() {
    let names = |document: &str| {
        let spec = documents().iter().find(|spec| spec.name == document).unwrap();
        spec.all_fields().find(|field| field.name == "status").unwrap().names
    };
    assert_eq!(names("AccessRequest"), RequestStatus::ALL.map(RequestStatus::name));
    assert_eq!(names("Grant"), GrantStatus::ALL.map(GrantStatus::name));
    assert_eq!(names("Delegation"), DelegationStatus::ALL.map(DelegationStatus::name));
    for field in documents().iter().flat_map(|spec| spec.all_fields()) {
        assert!(field.doc.trim().ends_with('.') && field.doc.trim().len() > 5, "{}", field.name);
    }
}

/// Everything that faces show has words.
#[test]
fn every_command_and_every_field_is_documented() {
    for spec in catalogue() {
        assert!(spec.summary().len() > 5, "{}", spec.name);
        for field in spec.all_fields() {
            assert!(field.doc.trim().ends_with('.'), "{}: {}", spec.name, field.name);
        }
    }
}
