//! Writes `docs/latency.svg` of the points that `table` prints.

use std::io::{Read, stdin};

use jit_access_benches::plot::{Line, draw};

fn main() {
    let mut text = String::new();
    stdin().read_to_string(&mut text).expect("text");
    let mut lines: Vec<Line> = Vec::new();
    for fields in text.lines().map(|line| line.split('\t').collect::<Vec<_>>()) {
        let ["point", name, grants, nanos] = fields[..] else { continue };
        let point = (grants.parse().expect("a number of grants"), nanos.parse().expect("nanoseconds"));
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push(point),
            None => lines.push(Line { name: name.to_owned(), points: vec![point] }),
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/latency.svg");
    std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).expect("a folder");
    std::fs::write(path, draw(&lines)).expect("docs/latency.svg can be written");
}
