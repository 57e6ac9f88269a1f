//! Containers whose supervisor is no more: it was killed before it could clear up.

use std::collections::HashMap;
use std::fs;

use bollard::Docker;
use bollard::query_parameters::ListContainersOptionsBuilder;

/// The label that names the supervisor of a container.
pub(super) const LABEL: &str = "iama.supervisor";

/// This process, in a way that no later one with the same number shares.
pub(super) fn own_mark() -> String {
    format!("{}/{}", namespace(), process(&std::process::id().to_string()))
}

/// Removes what nobody supervises any more.
pub(super) async fn sweep(docker: &Docker) {
    let filters = HashMap::from([("label", vec![LABEL])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    for found in docker.list_containers(Some(options)).await.unwrap_or_default() {
        let mark = found.labels.as_ref().and_then(|labels| labels.get(LABEL));
        if let (Some(id), Some(true)) = (&found.id, mark.map(|mark| is_orphaned(mark))) {
            super::remove(docker, id).await;
        }
    }
}

/// Supervisors in another namespace of processes cannot be seen from here; their containers are left alone.
fn is_orphaned(mark: &str) -> bool {
    let Some((space, known)) = mark.split_once('/') else { return false };
    let number = known.split('@').next().unwrap_or_default();
    space == namespace() && process(number) != known
}

fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
}

/// The number of a process and the moment of its start.
fn process(number: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let started = after_name.split_whitespace().nth(19).unwrap_or("gone");
    format!("{number}@{started}")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_containers_of_dead_supervisors_that_could_be_seen_are_orphaned() {
        assert!(!is_orphaned(&own_mark()));
        let own = std::process::id();
        assert!(is_orphaned(&format!("{}/{own}@1", namespace())), "another process had this number before");
        assert!(!is_orphaned(&format!("1/{own}@1")), "another namespace");
        assert!(!is_orphaned("nonsense"));
    }
}
