//! The picture: latency against the number of grants, both on logarithmic scales.

use std::fmt::Write;

/// One contender.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// Grants and nanoseconds.
    pub points: Vec<(f64, f64)>,
}

const COLOURS: [&str; 8] = ["#8c8c8c", "#0b7a3b", "#c2410c", "#7c3aed", "#0369a1", "#b91c1c", "#a16207", "#475569"];
const LEFT: f64 = 70.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 400.0;

/// The picture of these lines.
pub fn draw(lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let (first, last) = (10_f64, points().map(|p| p.0).fold(100.0, f64::max));
    let (low, high) = (1_f64, points().map(|p| p.1).fold(100.0, f64::max) * 2.0);
    let x = |grants: f64| LEFT + (grants / first).log10() / (last / first).log10() * (RIGHT - LEFT);
    let y = |nanos: f64| BOTTOM - (nanos / low).log10() / (high / low).log10() * (BOTTOM - TOP);
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 450\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"800\" height=\"450\" fill=\"#ffffff\"/>\n\
         <text x=\"315\" y=\"440\" text-anchor=\"middle\">live grants</text>\n\
         <text x=\"70\" y=\"18\">time of one check, mixed questions</text>\n",
    );
    for power in 1..=last.log10().floor() as i32 {
        let grants = 10_f64.powi(power);
        let _ = writeln!(
            svg,
            "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\" stroke=\"#eeeeee\"/>\
             <text x=\"{0:.1}\" y=\"418\" text-anchor=\"middle\">{grants}</text>",
            x(grants)
        );
    }
    for (power, label) in
        (0..).zip(["1 ns", "10 ns", "100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"])
    {
        let nanos = 10_f64.powi(power);
        if nanos <= high {
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{0:.1}\" y2=\"{0:.1}\" stroke=\"#eeeeee\"/>\
                 <text x=\"62\" y=\"{1:.1}\" text-anchor=\"end\">{label}</text>",
                y(nanos),
                y(nanos) + 4.0
            );
        }
    }
    let mut labels: Vec<f64> = Vec::new();
    for (line, colour) in lines.iter().zip(COLOURS.into_iter().cycle()) {
        let path: Vec<_> = line.points.iter().map(|p| format!("{:.1},{:.1}", x(p.0), y(p.1))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for p in &line.points {
            let _ = writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>", x(p.0), y(p.1));
        }
        let Some(end) = line.points.last() else { continue };
        let mut at = y(end.1) + 4.0;
        while labels.iter().any(|label| (label - at).abs() < 14.0) {
            at += 14.0;
        }
        labels.push(at);
        let _ = writeln!(svg, "<text x=\"572\" y=\"{at:.1}\" fill=\"{colour}\">{}</text>", line.name);
    }
    svg.push_str("</svg>\n");
    svg
}
